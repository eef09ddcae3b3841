//! What the server's frames say.
//!
//! [`plain_message`] is the hot path: a delivered message that nobody has changed yet, taken apart
//! by fixed prefixes in the order in which the server writes its fields. Whatever looks different
//! in any way is left to [`parse`], which goes through serde and accepts any order.

use memchr::memchr2;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A text message as it was first sent. Nothing in it is escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainMessage<'a> {
    pub room_id: &'a [u8],
    pub id: &'a [u8],
    pub author_id: &'a [u8],
    pub text: &'a [u8],
    pub nonce: &'a [u8],
    pub version: &'a [u8],
}

const UUID: usize = 36;

/// The parts of a frame, taken from its front one after another.
struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    #[inline]
    fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    #[inline]
    fn uuid(&mut self) -> Option<&'a [u8]> {
        let (id, rest) = self.0.split_at_checked(UUID)?;
        self.0 = rest;
        Some(id)
    }

    /// A string without escapes, and its closing quote.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        let end = memchr2(b'"', b'\\', self.0)?;
        let (string, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(string)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > 19 {
            return None;
        }
        let number = self.0[..digits].iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
        self.0 = &self.0[digits..];
        Some(number)
    }
}

/// `None` for everything but a plain message in the server's own way of writing it.
#[inline]
pub fn plain_message(payload: &[u8]) -> Option<PlainMessage<'_>> {
    let mut scan = Scan(payload);
    scan.literal(br#"{"type":"message","room_id":""#)?;
    let room_id = scan.uuid()?;
    scan.literal(br#"","message":{"id":""#)?;
    let id = scan.uuid()?;
    scan.literal(br#"","author_id":""#)?;
    let author_id = scan.uuid()?;
    scan.literal(br#"","kind":"text","text":""#)?;
    let text = scan.string()?;
    scan.literal(br#","nonce":""#)?;
    let nonce = scan.string()?;
    scan.literal(br#","sent_at":"#)?;
    scan.number()?;
    scan.literal(br#","version":""#)?;
    let version = scan.uuid()?;
    scan.literal(br#""}}"#)?;
    scan.0.is_empty().then_some(PlainMessage { room_id, id, author_id, text, nonce, version })
}

/// The answer to a `send`, in the server's own way of writing it.
#[inline]
pub fn plain_sent(payload: &[u8]) -> Option<(u64, &[u8], bool)> {
    let mut scan = Scan(payload);
    scan.literal(br#"{"type":"ok","id":"#)?;
    let id = scan.number()?;
    scan.literal(br#","data":{"message_id":""#)?;
    let message_id = scan.uuid()?;
    scan.literal(br#"","duplicate":"#)?;
    let duplicate = match scan.0 {
        b"false}}" => false,
        b"true}}" => true,
        _ => return None,
    };
    Some((id, message_id, duplicate))
}

/// A UUID's number; `None` where the text is none.
#[inline]
pub fn uuid(text: &[u8]) -> Option<u128> {
    let text: &[u8; UUID] = text.try_into().ok()?;
    let mut number = 0_u128;
    let mut wrong = 0;
    for (from, to) in [(0, 8), (9, 13), (14, 18), (19, 23), (24, 36)] {
        for &byte in &text[from..to] {
            let digit = HEX[byte as usize];
            wrong |= digit;
            number = (number << 4) | u128::from(digit & 0x0f);
        }
    }
    for hyphen in [8, 13, 18, 23] {
        wrong |= u8::from(text[hyphen] != b'-') << 7;
    }
    (wrong & 0xf0 == 0).then_some(number)
}

/// Each byte's value as a hexadecimal digit; 0xff for what is none.
const HEX: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

pub fn parse(payload: &[u8]) -> Option<ServerFrame> {
    serde_json::from_slice(payload).ok()
}

/// A frame from the server, as far as a load test looks into it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    Ok {
        id: u64,
        #[serde(default, deserialize_with = "answer")]
        data: Answer,
    },
    Error {
        id: u64,
        error: Refusal,
    },
    CaughtUp {
        cursor: String,
    },
    Heartbeat {
        cursor: String,
    },
    Reload {
        #[serde(default)]
        room_id: Option<String>,
    },
    Goodbye {
        reconnect_after_ms: u64,
    },
    Message {
        room_id: String,
        message: Message,
    },
    Reaction {
        room_id: String,
        version: String,
        message_id: String,
        reactions: Vec<Reaction>,
    },
    Member {
        member: Member,
    },
    Presence(Presence),
    #[serde(other)]
    Other,
}

/// A member, as far as it says how far they have received and read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Member {
    pub room_id: String,
    pub user_id: String,
    #[serde(default)]
    pub delivered: Option<String>,
    #[serde(default)]
    pub read: Option<String>,
    pub version: String,
}

/// A page of a room's members.
#[derive(Debug, Deserialize)]
pub struct Members {
    pub members: Vec<Entry>,
    #[serde(default)]
    pub next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Entry {
    pub member: Member,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Presence {
    pub user_id: String,
    pub status: String,
}

/// What a poll is answered with; each event is a frame as on the socket.
#[derive(Deserialize)]
pub struct Polled<'a> {
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
    pub cursor: String,
    pub resumed: bool,
}

/// What an `ok` answers: the fields of every answer, each absent in some.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub message_id: Option<String>,
    pub duplicate: bool,
    pub version: Option<String>,
    pub resumed: Option<bool>,
    /// To `read` and `delivered`.
    #[serde(skip)]
    pub member: Option<Member>,
    /// To `watch`.
    #[serde(skip)]
    pub presence: Option<Vec<Presence>>,
}

impl Answer {
    fn of(data: Value) -> Self {
        if data.is_array() {
            return Self { presence: serde_json::from_value(data).ok(), ..Self::default() };
        }
        let member = data.get("room_id").and_then(|_| Member::deserialize(&data).ok());
        Self { member, ..serde_json::from_value(data).unwrap_or_default() }
    }

    /// The body of an answer over HTTP.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(Self::of)
    }
}

fn answer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Answer, D::Error> {
    Value::deserialize(deserializer).map(Answer::of)
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Refusal {
    pub code: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub advice: String,
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// What a request was refused with. A proxy's own error page has no code; what it says of the
    /// server is that it can't be reached now.
    pub fn of_response(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            code: format!("http_{status}"),
            detail: String::new(),
            advice: if status >= 500 || matches!(status, 408 | 429) { "retry" } else { "give_up" }
                .to_owned(),
            retry_after_ms: None,
        })
    }

    /// Whether the same may succeed later. Advice that is not known counts as `retry`: what is
    /// refused for good is refused again.
    pub fn is_worth_another_try(&self) -> bool {
        !matches!(self.advice.as_str(), "fix" | "give_up")
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Message {
    pub id: String,
    pub author_id: String,
    pub kind: String,
    pub text: String,
    #[serde(default)]
    pub nonce: String,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    #[serde(default)]
    pub reactions_version: Option<String>,
    pub version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Reaction {
    pub emoji: String,
    pub count: u32,
    pub users: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn id(number: u128) -> String {
        let hex = format!("{number:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// As the server writes it: field by field in its order.
    fn written(room: u128, message: u128, text: &str, nonce: &str, extra: &str) -> String {
        format!(
            r#"{{"type":"message","room_id":"{}","message":{{"id":"{}","author_id":"{}","kind":"text","text":{},"nonce":{},"sent_at":1790000000000{extra},"version":"{}"}}}}"#,
            id(room),
            id(message),
            id(room ^ 7),
            Value::from(text),
            Value::from(nonce),
            id(message + 1),
        )
    }

    /// Texts that try to look like the rest of a frame.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9 .,!äöü€😀-]{0,80}",
            ".{0,80}",
            Just(r#"","nonce":"forged","sent_at":1,"version":""#.to_owned()),
            Just(r#"{"type":"ok","id":1}"#.to_owned()),
            Just("\\".to_owned()),
            Just("\",\\\"}}".to_owned()),
            Just("t12s3n4\u{0}\u{7f}\n".to_owned()),
        ]
    }

    proptest! {
        #[test]
        fn the_hot_path_reads_what_serde_reads(
            room in any::<u128>(),
            message in 0..u128::MAX - 1,
            text in texts(),
            nonce in "[a-zA-Z0-9_-]{8,64}",
            extra in prop_oneof![
                4 => Just(""),
                1 => Just(r#","edited_at":5"#),
                1 => Just(r#","reactions":[]"#),
            ],
        ) {
            let frame = written(room, message, &text, &nonce, extra);
            let Some(ServerFrame::Message { room_id, message: slow }) = parse(frame.as_bytes())
            else { panic!("{frame}") };
            let escaped = Value::from(&*text).to_string().contains('\\');
            let hot = plain_message(frame.as_bytes());
            prop_assert_eq!(hot.is_some(), !escaped && extra.is_empty());
            if let Some(hot) = hot {
                prop_assert_eq!(hot.room_id, room_id.as_bytes());
                prop_assert_eq!(hot.id, slow.id.as_bytes());
                prop_assert_eq!(hot.author_id, slow.author_id.as_bytes());
                prop_assert_eq!(hot.text, slow.text.as_bytes());
                prop_assert_eq!(hot.nonce, slow.nonce.as_bytes());
                prop_assert_eq!(hot.version, slow.version.as_bytes());
                prop_assert_eq!(uuid(hot.room_id), Some(room));
                prop_assert_eq!(uuid(hot.id), Some(message));
            }
        }

        #[test]
        fn a_damaged_frame_is_never_taken_for_a_plain_message_with_other_parts(
            at in 0_usize..300, byte in any::<u8>(),
        ) {
            let mut frame = written(1, 2, "hello", "nonce-nonce", "").into_bytes();
            let at = at % frame.len();
            frame[at] = byte;
            if let Some(hot) = plain_message(&frame) {
                let whole: Result<Value, _> = serde_json::from_slice(&frame);
                if let Ok(whole) = whole {
                    prop_assert_eq!(whole["message"]["text"].as_str().unwrap().as_bytes(), hot.text);
                }
            }
            prop_assert!(plain_message(&frame[..at]).is_none());
        }
    }

    #[test]
    fn the_answer_to_a_send_is_read_by_hand_and_by_serde_alike() {
        for duplicate in [false, true] {
            let frame = format!(
                r#"{{"type":"ok","id":77,"data":{{"message_id":"{}","duplicate":{duplicate}}}}}"#,
                id(9)
            );
            assert_eq!(plain_sent(frame.as_bytes()), Some((77, id(9).as_bytes(), duplicate)));
            let data = Answer { message_id: Some(id(9)), duplicate, ..Answer::default() };
            assert_eq!(parse(frame.as_bytes()), Some(ServerFrame::Ok { id: 77, data }));
        }
        assert_eq!(plain_sent(br#"{"type":"ok","id":77}"#), None);
    }

    #[test]
    fn frames_that_nobody_knows_are_other_and_an_answer_may_be_empty() {
        let unknown = json!({"type": "weather", "sunny": true}).to_string();
        assert_eq!(parse(unknown.as_bytes()), Some(ServerFrame::Other));
        let empty = parse(br#"{"type":"ok","id":3}"#);
        assert_eq!(empty, Some(ServerFrame::Ok { id: 3, data: Answer::default() }));
        let presence = parse(br#"{"type":"ok","id":3,"data":[]}"#);
        assert!(matches!(presence, Some(ServerFrame::Ok { .. })), "{presence:?}");
    }

    #[test]
    fn a_uuid_is_36_characters_of_hexadecimal_digits_in_five_groups() {
        assert_eq!(uuid(id(5).as_bytes()), Some(5));
        assert_eq!(uuid(id(u128::MAX).to_uppercase().as_bytes()), Some(u128::MAX));
        assert_eq!(uuid(b"00000000-0000-0000-0000-00000000000g"), None);
        assert_eq!(uuid(b"00000000x0000-0000-0000-000000000000"), None);
        assert_eq!(uuid(b"0000"), None);
    }

    #[test]
    fn the_answers_to_a_mark_and_to_a_watch_are_understood() {
        let told = |data: Value| match parse(
            json!({"type": "ok", "id": 9, "data": data}).to_string().as_bytes(),
        ) {
            Some(ServerFrame::Ok { id: 9, data }) => data,
            other => panic!("{other:?}"),
        };
        let member =
            json!({"room_id": "r", "user_id": "u", "read": null, "delivered": "d", "version": "v"});
        let member = told(member).member.unwrap();
        assert_eq!((member.read, member.delivered.as_deref()), (None, Some("d")));
        let presence = told(json!([{"user_id": "u", "status": "away", "last_seen": 4}])).presence;
        assert_eq!(presence.unwrap()[0].status, "away");
        assert_eq!(told(json!({"user_id": "u", "resumed": false})).resumed, Some(false));
        let event = br#"{"type":"presence","user_id":"u","status":"offline","last_seen":1}"#;
        assert!(matches!(parse(event), Some(ServerFrame::Presence(_))));
    }

    #[test]
    fn a_proxys_error_page_is_a_reason_to_try_again_and_a_problem_says_itself_what_it_is() {
        let page = Refusal::of_response(502, b"<html><h1>502 Bad Gateway</h1></html>");
        assert!(page.code == "http_502" && page.is_worth_another_try());
        let problem = br#"{"code":"not_found","detail":"","advice":"give_up","status":404}"#;
        assert!(!Refusal::of_response(404, problem).is_worth_another_try());
        assert!(!Refusal::of_response(404, b"<html>").is_worth_another_try());
        let new = br#"{"code":"not_ready","advice":"wait_for_it"}"#;
        assert!(Refusal::of_response(503, new).is_worth_another_try());
    }
}
