//! What is written into a room: texts, nonces, reactions.

use unicode_segmentation::UnicodeSegmentation;

use super::names::{Checked, refuse};

pub const TEXT_CHARS: usize = 4_000;
pub const TEXT_BYTES: usize = 16_000;
pub const NONCE_CHARS: std::ops::RangeInclusive<usize> = 8..=64;
/// The longest emoji of Unicode 16 (a family with skin tones) has 35 bytes; room for more.
pub const EMOJI_BYTES: usize = 64;

/// A message's text, stored as it was written.
pub fn body(text: &str) -> Checked<String> {
    if text.len() > TEXT_BYTES || text.chars().count() > TEXT_CHARS {
        return refuse("text", "A message has at most 4,000 characters and 16,000 bytes.");
    }
    if text.trim().is_empty() {
        return refuse("text", "A message has at least one character that is not white space.");
    }
    if text.contains('\0') {
        return refuse("text", "A message has no NUL character.");
    }
    Ok(text.to_owned())
}

/// The sender's own id for a message.
pub fn nonce(text: &str) -> Checked<String> {
    let fits = NONCE_CHARS.contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits {
        return Ok(text.to_owned());
    }
    refuse("nonce", "A nonce has 8 to 64 letters, digits, - or _.")
}

/// One emoji: a single grapheme that is more than a letter.
pub fn emoji(text: &str) -> Checked<String> {
    let one = text.graphemes(true).count() == 1;
    // Keycaps (1️⃣) begin with an ASCII character and carry U+20E3.
    let pictures = text
        .chars()
        .any(|c| !c.is_alphanumeric() && !c.is_ascii() && !c.is_whitespace() && !c.is_control());
    if one && pictures && text.len() <= EMOJI_BYTES {
        return Ok(text.to_owned());
    }
    refuse("emoji", "A reaction is one emoji.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_at_their_limits_and_one_past() {
        assert_eq!(body(" a\n<b> ").as_deref(), Ok(" a\n<b> "));
        assert!(body(&"x".repeat(4_000)).is_ok());
        assert!(body(&"x".repeat(4_001)).is_err());
        let four_bytes = "🦀";
        assert!(body(&four_bytes.repeat(4_000)).is_ok());
        assert!(body(&four_bytes.repeat(4_001)).is_err());
        for bad in ["", " \n\t", "a\0b"] {
            assert_eq!(body(bad).expect_err("it is refused").field, "text");
        }
    }

    #[test]
    fn nonces_at_their_limits_and_one_past() {
        assert!(nonce(&"x".repeat(8)).is_ok() && nonce(&"x".repeat(64)).is_ok());
        for bad in [&"x".repeat(7), &"x".repeat(65), "with space", "umlaut-ä-"] {
            assert!(nonce(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reaction_is_one_emoji() {
        for good in ["👍", "👍🏽", "❤️", "1️⃣", "🏳️‍🌈", "👨‍👩‍👧‍👦", "🇩🇪", "✓"]
        {
            assert_eq!(emoji(good).as_deref(), Ok(good));
        }
        for bad in ["", "a", "ä", "👍👍", "👍 ", " ", "\n", "ok"] {
            assert!(emoji(bad).is_err(), "{bad:?}");
        }
        assert!(emoji(&format!("👍{}", "\u{200d}👍".repeat(20))).is_err());
    }
}
