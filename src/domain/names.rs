//! Names of people, devices and rooms, e-mail addresses and passwords: what is taken at the edge.
//!
//! Each `parse` gives the value as it will be stored, or says what is allowed.

use unicode_normalization::UnicodeNormalization;

use crate::protocol::codes::FieldError;

pub type Checked<T> = Result<T, FieldError>;

pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=32;
pub const DISPLAY_NAME_CHARS: usize = 64;
pub const DEVICE_CHARS: usize = 64;
/// RFC 5321, section 4.5.3.1.3: what fits into a path of 256 octets.
pub const EMAIL_BYTES: usize = 254;
/// NIST SP 800-63B, section 5.1.1.2: at least eight; a bound so that hashing stays cheap.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
pub const ROOM_NAME_CHARS: usize = 80;
pub const ROOM_DESCRIPTION_CHARS: usize = 1_000;

pub fn refuse<T>(field: &str, detail: impl Into<String>) -> Checked<T> {
    Err(FieldError { field: field.to_owned(), detail: detail.into() })
}

/// The form in which two usernames or e-mail addresses are the same.
pub fn unique_key(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).collect()
}

pub fn username(text: &str) -> Checked<String> {
    let plain = |c: char| c.is_ascii_alphanumeric();
    let fits = USERNAME_CHARS.contains(&text.len())
        && text.chars().all(|c| plain(c) || matches!(c, '_' | '.' | '-'))
        && text.starts_with(plain)
        && text.ends_with(plain);
    if fits {
        return Ok(text.to_owned());
    }
    refuse("username", "A username has 3 to 32 letters (a-z), digits, or _ . - between them.")
}

/// Takes what looks like an address; whether it is one, only a message to it can tell.
pub fn email(text: &str) -> Checked<String> {
    let text = text.trim();
    let fits = text.len() <= EMAIL_BYTES
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && !domain.is_empty()
                && !domain.contains('@')
                && domain.split('.').all(|label| !label.is_empty())
        });
    if fits {
        return Ok(text.to_owned());
    }
    refuse("email", "This is not an e-mail address.")
}

/// `field`: where it stands in the request.
pub fn password(field: &str, text: &str) -> Checked<String> {
    if PASSWORD_CHARS.contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    refuse(field, "A password has 8 to 256 characters.")
}

pub fn display_name(text: &str) -> Checked<String> {
    line("display_name", text, 1, DISPLAY_NAME_CHARS)
}

pub fn device(text: &str) -> Checked<String> {
    line("device", text, 0, DEVICE_CHARS)
}

pub fn room_name(text: &str) -> Checked<String> {
    line("name", text, 1, ROOM_NAME_CHARS)
}

pub fn room_description(text: &str) -> Checked<String> {
    let text = text.trim();
    if text.chars().count() <= ROOM_DESCRIPTION_CHARS && !text.contains('\0') {
        return Ok(text.to_owned());
    }
    refuse("description", "A description has at most 1,000 characters.")
}

/// One line of text without control characters, its outer white space taken off.
fn line(field: &str, text: &str, least: usize, most: usize) -> Checked<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if (least..=most).contains(&chars) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    refuse(field, format!("This has {least} to {most} characters, on one line."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_at_their_limits_and_one_past() {
        for good in ["abc", "a.b", "A-b_c9", &"x".repeat(32)] {
            assert_eq!(username(good).as_deref(), Ok(good));
        }
        for bad in ["ab", &"x".repeat(33), ".ab", "ab-", "a b", "ünder", "", "a\0b"] {
            assert_eq!(username(bad).expect_err(bad).field, "username");
        }
    }

    #[test]
    fn names_that_look_alike_are_the_same() {
        assert_eq!(unique_key("Ada"), unique_key("aDA"));
        assert_eq!(unique_key("ﬁona@x"), unique_key("FIONA@x"));
        assert_ne!(unique_key("ada"), unique_key("adb"));
    }

    #[test]
    fn emails_at_their_limits_and_one_past() {
        let long = |n: usize| format!("a@{}", "b".repeat(n - 2));
        assert!(
            email("a@b").is_ok() && email(" ada@example.org ").is_ok() && email(&long(254)).is_ok()
        );
        for bad in ["", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "a@.b", &long(255)] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert!(email(&format!("{}@b", "a".repeat(64))).is_ok());
        assert!(email(&format!("{}@b", "a".repeat(65))).is_err());
    }

    #[test]
    fn passwords_and_lines_count_characters_not_bytes() {
        assert!(
            password("password", &"ä".repeat(8)).is_ok()
                && password("password", &"ä".repeat(256)).is_ok()
        );
        assert!(
            password("password", "1234567").is_err()
                && password("password", &"a".repeat(257)).is_err()
        );
        assert!(room_name(&"ä".repeat(80)).is_ok() && room_name(&"ä".repeat(81)).is_err());
        assert!(room_name("  ").is_err() && room_name("a\nb").is_err());
        assert!(display_name(&"x".repeat(64)).is_ok() && display_name(&"x".repeat(65)).is_err());
        assert!(device("").is_ok() && device(&"x".repeat(65)).is_err());
        assert!(
            room_description(&"x".repeat(1_000)).is_ok()
                && room_description(&"x".repeat(1_001)).is_err()
        );
    }
}
