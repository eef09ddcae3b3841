//! What a chatting client says, as a frame of the socket and as a request over HTTP.

use serde_json::json;

use crate::check::Id;
use crate::http::Request;

pub const EMOJIS: [&str; 4] = ["👍", "❤️", "🎉", "🦀"];

/// Messages are known by room and number; ids are filled in when it is said.
#[derive(Clone, Debug)]
pub enum What {
    Send { room: usize, index: usize, text: String },
    Edit { room: usize, index: usize, text: String },
    Delete { room: usize, index: usize },
    React { room: usize, index: usize, emoji: usize, on: bool },
    Mark { room: usize, id: Id, read: bool },
}

/// What a command is said with.
pub struct Words<'a> {
    pub room: &'a str,
    /// The id of the message that it is about; empty for a new one.
    pub message: String,
    /// Of a new message.
    pub nonce: String,
    /// Whether it may have been said before.
    pub retry: bool,
}

impl What {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::React { .. } => "react",
            Self::Mark { read: true, .. } => "read",
            Self::Mark { read: false, .. } => "delivered",
        }
    }

    pub fn frame(&self, id: u64, words: &Words<'_>) -> String {
        let mut frame = json!({ "id": id, "type": self.name(), "room_id": words.room });
        match self {
            Self::Send { text, .. } => {
                frame["nonce"] = json!(words.nonce);
                frame["text"] = json!(text);
                frame["retry"] = json!(words.retry);
                return frame.to_string();
            }
            Self::Edit { text, .. } => frame["text"] = json!(text),
            Self::React { emoji, on, .. } => {
                frame["emoji"] = json!(EMOJIS[*emoji]);
                frame["on"] = json!(on);
            }
            Self::Delete { .. } | Self::Mark { .. } => {}
        }
        frame["message_id"] = json!(words.message);
        frame.to_string()
    }

    pub fn request(&self, token: &str, words: &Words<'_>) -> Request {
        let Words { room, message, nonce, retry } = words;
        let messages = format!("/api/v1/rooms/{room}/messages");
        let (method, path, body) = match self {
            Self::Send { text, .. } => {
                let body = json!({ "nonce": nonce, "text": text, "retry": retry });
                ("POST", messages, body)
            }
            Self::Edit { text, .. } => {
                ("PATCH", format!("{messages}/{message}"), json!({ "text": text }))
            }
            Self::Delete { .. } => ("DELETE", format!("{messages}/{message}"), json!({})),
            Self::React { emoji, on, .. } => {
                let emoji = percent_encoded(EMOJIS[*emoji]);
                let method = if *on { "PUT" } else { "DELETE" };
                (method, format!("{messages}/{message}/reactions/{emoji}"), json!({}))
            }
            Self::Mark { .. } => {
                let path = format!("/api/v1/rooms/{room}/receipt");
                ("PUT", path, json!({ self.name(): message }))
            }
        };
        Request { method, path, token: token.to_owned(), body: body.to_string() }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words<'static> {
        Words { room: "r", message: "m".into(), nonce: "n-1".into(), retry: true }
    }

    #[test]
    fn a_command_says_the_same_on_a_socket_and_over_http() {
        let said = |what: What| {
            let request = what.request("t", &words());
            (
                what.frame(7, &words()),
                format!("{} {} {}", request.method, request.path, request.body),
            )
        };
        let (frame, request) = said(What::Send { room: 0, index: 1, text: "x".into() });
        assert_eq!(
            frame,
            r#"{"id":7,"nonce":"n-1","retry":true,"room_id":"r","text":"x","type":"send"}"#
        );
        assert_eq!(
            request,
            r#"POST /api/v1/rooms/r/messages {"nonce":"n-1","retry":true,"text":"x"}"#
        );
        let (frame, request) = said(What::Mark { room: 0, id: 1, read: true });
        assert_eq!(frame, r#"{"id":7,"message_id":"m","room_id":"r","type":"read"}"#);
        assert_eq!(request, r#"PUT /api/v1/rooms/r/receipt {"read":"m"}"#);
        let (_, request) = said(What::React { room: 0, index: 1, emoji: 0, on: false });
        assert_eq!(request, "DELETE /api/v1/rooms/r/messages/m/reactions/%F0%9F%91%8D {}");
    }
}
