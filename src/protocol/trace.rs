//! Which trace something belongs to, on its way between nodes.

/// A span of a trace that is sampled, as others continue from it: W3C Trace Context, section 3.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    pub trace: [u8; 16],
    pub span: [u8; 8],
}

impl TraceParent {
    pub const BYTES: usize = 24;

    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(&self.trace);
        bytes[16..].copy_from_slice(&self.span);
        bytes
    }

    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let mut parent = Self { trace: [0; 16], span: [0; 8] };
        parent.trace.copy_from_slice(&bytes[..16]);
        parent.span.copy_from_slice(&bytes[16..]);
        parent
    }

    /// Reads a `traceparent`, and whether it is sampled; `None` for one that is not in the form.
    pub fn parse(header: &str) -> Option<(Self, bool)> {
        let mut parts = header.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let small = part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            u128::from_str_radix(part, 16).ok().filter(|_| small)
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)? as u64, hex(2)?);
        // A later version may have more behind these.
        let whole = version < 0xff && (version > 0 || parts.next().is_none());
        let parent = Self { trace: trace.to_be_bytes(), span: span.to_be_bytes() };
        (whole && trace != 0 && span != 0).then_some((parent, flags & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn what_is_in_the_form_is_read_and_comes_back_from_its_bytes() {
        let read = TraceParent::parse(&format!("00-{TRACE}-00f067aa0ba902b7-01"));
        let (parent, sampled) = read.expect("it is in the form");
        assert!(sampled);
        assert_eq!(parent.span, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        assert_eq!(format!("{:032x}", u128::from_be_bytes(parent.trace)), TRACE);
        assert_eq!(TraceParent::from_bytes(&parent.to_bytes()), parent);
        for (header, sampled) in [
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), false),
            (format!("01-{TRACE}-00f067aa0ba902b7-03-more"), true),
        ] {
            assert_eq!(TraceParent::parse(&header), Some((parent, sampled)), "{header}");
        }
    }

    #[test]
    fn what_is_not_in_the_form_is_none() {
        for header in [
            "",
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
