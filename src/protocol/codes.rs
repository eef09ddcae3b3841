//! The table of errors and the table of close codes: what each means and what a client does next.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a client does after an error or a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The same again, after `retry_after_ms` or a jittered delay. A message: with its nonce.
    Retry,
    /// Connect again at once, with the cursor.
    Resume,
    /// Get a new access token (refresh, else ask for the password), then the same again.
    LogIn,
    /// Not as it stands: something in the request has to be changed.
    Fix,
    /// Never: the thing is not there, or not allowed.
    GiveUp,
}

macro_rules! error_codes {
    ($($variant:ident, $text:literal, $status:literal, $advice:ident, $meaning:literal;)*) => {
        /// A stable code for each way in which a request can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        // Not renamed one by one by `$text`, which the schema would not see; a test compares them.
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The HTTP status that carries it.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            pub fn advice(self) -> Advice {
                match self { $(Self::$variant => Advice::$advice,)* }
            }

            /// A sentence for a person.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

error_codes! {
    Malformed, "malformed", 400, Fix, "The request is not in the form that is documented.";
    Invalid, "invalid", 422, Fix, "A field has a value that is not allowed; `fields` names each.";
    Unauthenticated, "unauthenticated", 401, LogIn, "The access token is missing, expired or not valid.";
    SessionEnded, "session_ended", 401, LogIn, "The session was ended; log in with the password.";
    WrongCredentials, "wrong_credentials", 401, Fix, "The name or the password is wrong.";
    Forbidden, "forbidden", 403, GiveUp, "The person is not allowed to do this.";
    OriginRefused, "origin_refused", 403, GiveUp, "This web origin is not on the server's list.";
    NotFound, "not_found", 404, GiveUp, "It does not exist, or the person may not know of it.";
    MethodNotAllowed, "method_not_allowed", 405, Fix, "This address does not know the method.";
    Conflict, "conflict", 409, Fix, "Somebody changed it at the same time; look at it again.";
    UsernameTaken, "username_taken", 409, Fix, "Somebody else has this username.";
    EmailTaken, "email_taken", 409, Fix, "Somebody else has this e-mail address.";
    NonceReused, "nonce_reused", 409, Fix, "This nonce already belongs to a message in another room.";
    OwnerMustStay, "owner_must_stay", 409, Fix, "The owner hands the room over, or deletes it, before leaving.";
    TooManyReactions, "too_many_reactions", 409, GiveUp, "The message has as many different reactions as it can hold.";
    TooManyRooms, "too_many_rooms", 409, GiveUp, "The person is in as many rooms as one can be.";
    PayloadTooLarge, "payload_too_large", 413, Fix, "The request is larger than allowed.";
    UnsupportedMediaType, "unsupported_media_type", 415, Fix, "The body has to be JSON (`application/json`).";
    RateLimited, "rate_limited", 429, Retry, "Too many requests; try again after the time given.";
    Internal, "internal", 500, Retry, "Something went wrong inside the server.";
    StorageUnavailable, "storage_unavailable", 503, Retry, "The server can't store or read at the moment; nothing was lost.";
    Overloaded, "overloaded", 503, Retry, "The server has too much to do; try again soon.";
    ShuttingDown, "shutting_down", 503, Resume, "The server is stopping; another one, or this one soon, takes over.";
}

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Its name in the request.
    pub field: String,
    /// A sentence for a person: what is allowed.
    pub detail: String,
}

/// An error, on the socket. Over HTTP the same stands in an `application/problem+json` document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    pub code: ErrorCode,
    /// A sentence for a person.
    pub detail: String,
    pub advice: Advice,
    /// Not before this many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

macro_rules! close_codes {
    ($($variant:ident, $code:literal, $advice:ident, $meaning:literal;)*) => {
        /// Why the server closed a socket (RFC 6455, section 7.4; 4000 and up are our own).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl CloseCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)* }
            }

            pub fn advice(self) -> Advice {
                match self { $(Self::$variant => Advice::$advice,)* }
            }

            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

close_codes! {
    Done, 1000, GiveUp, "The client closed the connection, and the server agrees.";
    TooLarge, 1009, Fix, "A frame was larger than allowed.";
    Malformed, 4000, Fix, "A frame was not in the form that is documented.";
    LogIn, 4001, LogIn, "No valid access token came in time, or it expired and was not renewed.";
    SessionEnded, 4002, LogIn, "The session was ended; log in with the password.";
    Silent, 4003, Resume, "Nothing was heard from the client for too long.";
    Slow, 4004, Resume, "The client did not read fast enough.";
    Moving, 4005, Resume, "The server is stopping.";
    Trouble, 4006, Retry, "The server could not bring the client up to date; try again after a delay.";
    RateLimited, 4007, Retry, "Far too many commands; try again after a delay.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_statuses_fit_their_advice() {
        let texts: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        let closes: HashSet<_> = CloseCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(closes.len(), CloseCode::ALL.len());
        for code in ErrorCode::ALL {
            assert!((400..600).contains(&code.status()), "{code:?}");
            if code.status() >= 500 {
                assert!(matches!(code.advice(), Advice::Retry | Advice::Resume), "{code:?}");
            }
            let json = serde_json::to_string(code).expect("it serialises");
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }
}
