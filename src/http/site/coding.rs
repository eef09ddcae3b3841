//! In which form a file is sent (RFC 9110, section 12.5.3).

/// How a form was made from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// It is the file.
    Identity,
    Gzip,
    /// The smallest.
    Brotli,
}

impl Coding {
    pub const COMPRESSED: &[Self] = &[Self::Brotli, Self::Gzip];

    /// What its file's name ends with.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => ".gz",
            Self::Brotli => ".br",
        }
    }

    /// Its name in headers.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }
}

/// The form that is wanted most; of those that are wanted as much, the smallest. The file itself,
/// which comes first, where none of the others is wanted.
pub fn choose<'a, T>(
    forms: &'a [T],
    coding: impl Fn(&T) -> Coding,
    wanted: impl Iterator<Item = &'a str>,
) -> &'a T {
    let wanted: Vec<_> = wanted.filter_map(weighed).collect();
    let weight = |name: &str| {
        let found = wanted.iter().find(|(wanted, _)| wanted.eq_ignore_ascii_case(name));
        found.map(|(_, weight)| *weight)
    };
    let rank = |form: &&T| {
        let coding = coding(form);
        let weight = weight(coding.name().unwrap_or("identity")).or_else(|| weight("*"));
        // To be sent as it is, a file need not be asked for.
        (weight.unwrap_or(0), weight.is_some_and(|weight| weight > 0), coding)
    };
    let wanted = forms.iter().filter(|form| rank(form).1).max_by_key(rank);
    wanted.unwrap_or(&forms[0])
}

/// `gzip;q=0.5` is (`gzip`, 500). What is not in this form is left out.
fn weighed(word: &str) -> Option<(&str, u16)> {
    let mut parts = word.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let Some(q) = parts.next() else { return Some((name, 1000)) };
    let q: f32 = q.strip_prefix("q=").or_else(|| q.strip_prefix("Q="))?.trim().parse().ok()?;
    (0.0..=1.0).contains(&q).then_some((name, (q * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_most_is_sent_and_the_smallest_of_equals() {
        use Coding::{Brotli, Gzip, Identity};
        let all = [Identity, Brotli, Gzip];
        for (header, expected) in [
            ("gzip, deflate, br, zstd", Brotli),
            ("gzip", Gzip),
            ("GZIP", Gzip),
            ("br;q=0.5, gzip", Gzip),
            ("br;q=0.5, gzip;q=0.4", Brotli),
            ("br; q=0.001", Brotli),
            ("br;q=0, gzip;q=0", Identity),
            ("br;q=0, *", Gzip),
            ("*", Brotli),
            ("*;q=0", Identity),
            ("identity", Identity),
            ("identity, gzip;q=0.9", Identity),
            ("identity;q=0.5, gzip;q=0.9", Gzip),
            ("", Identity),
            (" , ,", Identity),
            ("deflate, zstd", Identity),
            ("br;q=2, gzip;q=x, identity", Identity),
            ("br;level=1, gzip;q=0.1", Gzip),
        ] {
            let chosen = choose(&all, |coding| *coding, header.split(','));
            assert_eq!(*chosen, expected, "{header}");
        }
        for header in ["gzip, br", "*", "br"] {
            assert_eq!(*choose(&[Identity], |coding| *coding, header.split(',')), Identity);
        }
    }
}
