//! Which trace something belongs to, on its way between nodes.

/// A sampled span: W3C Trace Context, section 3.2.2. What isn't sampled has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    pub trace: u128,
    pub span: u64,
}

impl TraceParent {
    pub const BYTES: usize = 24;

    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.trace.to_be_bytes());
        bytes[16..].copy_from_slice(&self.span.to_be_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let number = |from: &[u8]| from.iter().fold(0, |sum, byte| sum << 8 | u128::from(*byte));
        Self { trace: number(&bytes[..16]), span: number(&bytes[16..]) as u64 }
    }

    /// Reads a `traceparent`; `None` for one that is not sampled, or not in the form.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let small = part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            u128::from_str_radix(part, 16).ok().filter(|_| small)
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)? as u64, hex(2)?);
        // A later version may have more behind these.
        let whole = version < 0xff && (version > 0 || parts.next().is_none());
        (whole && trace != 0 && span != 0 && flags & 1 == 1).then_some(Self { trace, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn what_is_sampled_is_read_and_comes_back_from_its_bytes() {
        let parent = TraceParent::parse(&format!("00-{TRACE}-00f067aa0ba902b7-01"));
        let parent = parent.expect("it is in the form");
        assert_eq!(parent.span, 0x00f0_67aa_0ba9_02b7);
        assert_eq!(format!("{:032x}", parent.trace), TRACE);
        assert_eq!(TraceParent::from_bytes(&parent.to_bytes()), parent);
        assert!(TraceParent::parse(&format!("01-{TRACE}-00f067aa0ba902b7-03-more")).is_some());
    }

    #[test]
    fn what_is_not_sampled_or_not_in_the_form_is_none() {
        for header in [
            "",
            &format!("00-{TRACE}-00f067aa0ba902b7-00"),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("00-{TRACE}-00f067aa0ba902b-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{}é-00f067aa0ba902b7-01", &TRACE[..30]),
        ] {
            assert_eq!(TraceParent::parse(header), None, "{header}");
        }
    }
}
