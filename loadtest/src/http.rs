//! As much of HTTP/1.1 as the client side of the API needs: requests with a JSON body over kept
//! connections, answers with a `Content-Length`, and the upgrade to a WebSocket.

use std::io::Write;

use memchr::memmem;

/// The key of RFC 6455's own example: what the server must answer to it is a constant, so the
/// handshake is verified without a hash function.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    /// Access token; none where it is empty.
    pub token: String,
    pub body: String,
}

impl Request {
    pub fn post(path: impl Into<String>, token: &str, body: String) -> Self {
        Self { method: "POST", path: path.into(), token: token.to_owned(), body }
    }

    pub fn get(path: impl Into<String>, token: &str) -> Self {
        Self { method: "GET", path: path.into(), token: token.to_owned(), body: String::new() }
    }

    pub fn write(&self, out: &mut Vec<u8>, host: &str) {
        let Self { method, path, token, body } = self;
        let _ = write!(out, "{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
        if !token.is_empty() {
            let _ = write!(out, "Authorization: Bearer {token}\r\n");
        }
        if *method != "GET" {
            let length = body.len();
            let _ = write!(out, "Content-Type: application/json\r\nContent-Length: {length}\r\n");
        }
        let _ = write!(out, "\r\n{body}");
    }
}

pub fn write_upgrade(out: &mut Vec<u8>, host: &str) {
    let _ = write!(
        out,
        "GET /api/v1/socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Protocol: starling.v1\r\n\r\n"
    );
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    pub status: u16,
    pub body: &'a [u8],
    head: &'a str,
}

impl<'a> Response<'a> {
    /// The first response of `bytes` and how many bytes it takes; `None` until all of it is there.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, &'static str> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that is no text")?;
        let status = head
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or("a status line that is none")?;
        let mut response = Self { status, body: &[], head };
        if response.header("transfer-encoding").is_some() {
            return Err("a chunked body, which is not understood here");
        }
        let length = match response.header("content-length") {
            Some(length) => length.parse().map_err(|_| "a length that is no number")?,
            None => 0,
        };
        let body = end + 4;
        let Some(content) = bytes.get(body..body + length) else { return Ok(None) };
        response.body = content;
        Ok(Some((response, body + length)))
    }

    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.head.split("\r\n").skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Whether it accepts what [`write_upgrade`] asked.
    pub fn is_upgrade(&self) -> bool {
        self.status == 101
            && self.header("sec-websocket-accept") == Some(ACCEPT)
            && self.header("sec-websocket-protocol") == Some("starling.v1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_parsed_once_all_of_it_is_there() {
        let bytes = b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\nX: y\r\n\r\nbodyHTTP";
        for cut in 0..bytes.len() - 4 {
            assert_eq!(Response::parse(&bytes[..cut]), Ok(None), "cut at {cut}");
        }
        let (response, used) = Response::parse(bytes).unwrap().unwrap();
        assert_eq!((response.status, response.body, used), (201, &b"body"[..], bytes.len() - 4));
        assert_eq!(response.header("x"), Some("y"));
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_not_waited_for() {
        assert!(Response::parse(b"SSH-2.0 hello\r\n\r\n").is_err());
        assert!(Response::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_says_whose_it_is_and_how_long() {
        let mut out = Vec::new();
        Request::post("/x", "tok", "{}".into()).write(&mut out, "h");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "POST /x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer tok\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
