//! The boundary to the transport: bytes go out through an [`Outbox`], messages come in through
//! [`Incoming`], and nothing else of a connection knows how.
//!
//! Outgoing frames are made once for all receivers (see [`crate::protocol::Frame`]), so actix-ws's
//! own sending half, which frames and copies for each connection, is only kept alive, not used. Its
//! handshake and its parser are. A leaner transport replaces this file.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError};

use crate::hub::{Outbox, OutboxEnd};
use crate::protocol::{MAX_CLIENT_FRAME_BYTES, SUBPROTOCOL};

/// What came from the client.
pub enum Received {
    Text(String),
    Ping(Bytes),
    /// Something that shows that the client is there, and nothing more.
    Sign,
    Close,
    TooLarge,
    Malformed,
    /// The connection is gone.
    Gone,
}

/// The receiving half.
pub struct Incoming(AggregatedMessageStream);

/// Answers the handshake. The response is the sending half: it carries what the outbox is given.
pub fn accept(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(HttpResponse, Outbox, Incoming), actix_web::Error> {
    let (response, _session, stream) =
        actix_ws::handle_with_protocols(request, payload, &[SUBPROTOCOL])?;
    let (outbox, end) = Outbox::holding();
    let response = response.map_body(|_, original| Socket { end, _original: original });
    let stream = stream
        .max_frame_size(MAX_CLIENT_FRAME_BYTES)
        .aggregate_continuations()
        .max_continuation_size(MAX_CLIENT_FRAME_BYTES);
    Ok((response.map_into_boxed_body(), outbox, Incoming(stream)))
}

impl Incoming {
    pub async fn next(&mut self) -> Received {
        match self.0.recv().await {
            None | Some(Err(ProtocolError::Io(_))) => Received::Gone,
            Some(Ok(AggregatedMessage::Text(text))) => Received::Text(text.into()),
            Some(Ok(AggregatedMessage::Ping(payload))) => Received::Ping(payload),
            Some(Ok(AggregatedMessage::Pong(_))) => Received::Sign,
            Some(Ok(AggregatedMessage::Close(_))) => Received::Close,
            Some(Err(ProtocolError::Overflow)) => Received::TooLarge,
            Some(Ok(AggregatedMessage::Binary(_)) | Err(_)) => Received::Malformed,
        }
    }
}

/// The body of the handshake's response.
struct Socket {
    end: OutboxEnd,
    /// When this goes, actix-ws ends the receiving half.
    _original: BoxBody,
}

impl MessageBody for Socket {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.end.poll_next(context).map(|bytes| bytes.map(Ok))
    }
}

/// The frame that answers a ping (RFC 6455, section 5.5.3).
pub fn pong(payload: &[u8]) -> Bytes {
    const FIN_PONG: u8 = 0x8a;
    // The parser lets no control frame pass that is longer than 125 bytes.
    let mut frame = vec![FIN_PONG, payload.len().min(125) as u8];
    frame.extend_from_slice(&payload[..payload.len().min(125)]);
    frame.into()
}
