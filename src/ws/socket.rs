//! One WebSocket connection: its handshake, its log-in, its loop.

use std::time::{Duration, Instant};

use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use tracing::{Instrument, Span, field, trace_span};

use super::dispatch::{self, Done};
use super::resume::{self, Listener};
use super::transport::{self, Incoming, Received};
use crate::domain::window::Window;
use crate::http::extract::{Surroundings, parse};
use crate::http::problem::Problem;
use crate::http::system::Draining;
use crate::hub::{HEARTBEAT_S, Hub, Outbox, Peer, SILENCE_LIMIT_S, Seat};
use crate::observe;
use crate::protocol::client::{ClientFrame, Command};
use crate::protocol::codes::{CloseCode, ErrorCode};
use crate::protocol::server::{Answer, Hello, ServerFrame};
use crate::protocol::{Frame, SUBPROTOCOL};
use crate::service::{Answered, Caller, DeviceHere, Refusal, Replayed, Service};
use crate::trace;

/// The first frame has to come within this time.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// A client that takes nothing of what it missed for this long is too slow.
const ROOM_WITHIN: Duration = Duration::from_secs(20);

/// Frames in a row that are refused for coming too fast, before the connection is closed.
const REFUSED_IN_A_ROW: u32 = 1_000;

/// Sockets on one worker.
const MAX_SOCKETS: usize = 25_000;

/// Open the socket (RFC 6455). The subprotocol is `starling.v1`; `asyncapi.json` has the frames.
#[utoipa::path(operation_id = "open_socket", tag = "live", responses(
    (status = 101, description = "The socket is open; the first frame is a `hello`."),
    (status = "4XX", description = "`malformed`, `origin_refused`", body = crate::protocol::http::Problem, content_type = "application/problem+json"),
    (status = 503, description = "`overloaded`, `shutting_down`", body = crate::protocol::http::Problem, content_type = "application/problem+json"),
))]
#[get("/api/v1/socket")]
pub async fn open(
    request: HttpRequest,
    payload: Payload,
    service: Data<Service>,
    surroundings: Data<Surroundings>,
    draining: Data<Draining>,
) -> Result<HttpResponse, Problem> {
    draining.refuse()?;
    surroundings.require_origin(&request)?;
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    if !offered.map(str::trim).any(|protocol| protocol == SUBPROTOCOL) {
        let detail = format!("Offer the subprotocol {SUBPROTOCOL}.");
        return Err(Refusal::because(ErrorCode::Malformed, detail).into());
    }
    let hub = request.app_data::<Hub>().ok_or_else(|| Refusal::of(ErrorCode::Internal))?.clone();
    if hub.sockets() >= MAX_SOCKETS {
        return Err(Refusal::of(ErrorCode::Overloaded).into());
    }
    let (response, outbox, incoming) = transport::accept(&request, payload)
        .map_err(|error| Refusal::because(ErrorCode::Malformed, error.to_string()))?;
    let service = service.as_ref().clone();
    let connection = Connection { service, hub, outbox, incoming, greeted: false };
    actix_web::rt::spawn(connection.run());
    Ok(response)
}

struct Connection {
    service: Service,
    hub: Hub,
    outbox: Outbox,
    incoming: Incoming,
    /// Its `hello` was answered.
    greeted: bool,
}

/// A connection that is logged in.
pub(super) struct Session {
    pub service: Service,
    pub caller: Caller,
    pub seat: Seat,
    pub device: DeviceHere,
}

impl Connection {
    async fn run(mut self) {
        let hello = tokio::time::timeout(HELLO_WITHIN, self.first_frame()).await;
        let (id, command) = match hello {
            Ok(Ok(Some(frame))) => (frame.id, frame.command),
            Ok(Ok(None)) => return self.outbox.close(CloseCode::Done),
            Ok(Err(code)) => return self.outbox.close(code),
            Err(_) => return self.outbox.close(CloseCode::LogIn),
        };
        let Command::Hello { token, cursor, idle } = command else {
            let detail = "The first frame is a `hello`.";
            self.answer(id, Err(Refusal::because(ErrorCode::Unauthenticated, detail)));
            return self.outbox.close(CloseCode::LogIn);
        };
        let span = command_span();
        let began = self.begin(id, &token, cursor.as_deref(), idle).instrument(span.clone());
        let began = Box::pin(began).await;
        end_command(&span, "hello", began.as_ref().err());
        // It ends here: what the connection does from now on is no part of it.
        drop(span);
        let session = match began {
            Ok(session) => session,
            Err(refusal) => {
                let code = match refusal.code {
                    ErrorCode::Unauthenticated => CloseCode::LogIn,
                    ErrorCode::SessionEnded => CloseCode::SessionEnded,
                    ErrorCode::ShuttingDown => CloseCode::Moving,
                    _ => CloseCode::Trouble,
                };
                if !self.greeted {
                    self.answer(id, Err(refusal));
                }
                return self.outbox.close(code);
            }
        };
        self.converse(session).await;
        // Where the client is gone, the sending half has to go too.
        self.outbox.close(CloseCode::Done);
    }

    async fn first_frame(&mut self) -> Result<Option<ClientFrame>, CloseCode> {
        loop {
            match self.incoming.next().await {
                Received::Text(text) => {
                    return parse(text.as_bytes()).map(Some).map_err(|refusal| {
                        self.answer(id_of(&text), Err(refusal));
                        CloseCode::Malformed
                    });
                }
                Received::Ping(payload) => self.pong(&payload),
                Received::Sign => {}
                Received::Close => return Err(CloseCode::Done),
                Received::TooLarge => return Err(CloseCode::TooLarge),
                Received::Malformed => return Err(CloseCode::Malformed),
                Received::Gone => return Ok(None),
            }
        }
    }

    async fn begin(
        &mut self,
        id: u64,
        token: &str,
        cursor: Option<&str>,
        idle: bool,
    ) -> Answered<Session> {
        if self.hub.is_draining() {
            return Err(Refusal::of(ErrorCode::ShuttingDown));
        }
        let began = Instant::now();
        let claims = self.service.verify(token)?;
        let start = self.service.start(cursor)?;
        let seat = self.hub.join(claims.sub, claims.sid, Peer::Socket(self.outbox.clone()));
        seat.token_for(self.service.seconds_left(&claims)?);
        let following = resume::follow(&self.service, &seat, &claims).await?;
        let hello = Hello {
            user_id: claims.sub,
            session_id: claims.sid,
            resumed: start.is_known(),
            heartbeat_s: HEARTBEAT_S,
            silence_limit_s: SILENCE_LIMIT_S,
            now: self.service.now_ms()?,
        };
        self.answer(id, Ok(Answer::Hello(hello)));
        self.greeted = true;
        let mut listener = ToOutbox(&self.outbox);
        let reached = resume::catch_up(&self.service, &following, &start, &mut listener).await?;
        let cursor = crate::domain::cursor::Cursor::at(reached).encode();
        self.send(&Frame::of(&ServerFrame::CaughtUp { cursor }));
        seat.caught_up(reached);
        observe::CATCH_UP.time(start.name(), began);
        let (caller, arrival) = (following.caller, following.arrival);
        let device = self.service.device_here(caller.user, idle, arrival.presence).await?;
        Ok(Session { service: self.service.clone(), caller, seat, device })
    }

    /// Carries out commands, one after another, until the connection ends.
    async fn converse(&mut self, session: Session) {
        let mut session = session;
        let began = Instant::now();
        let mut window = Window::default();
        let mut refused = 0;
        loop {
            // Nothing more is taken from a client that does not read what it was answered.
            let next = async {
                self.outbox.has_room().await;
                self.incoming.next().await
            };
            let received = tokio::select! {
                received = next => received,
                () = self.outbox.closed() => return,
            };
            session.seat.heard();
            let text = match received {
                Received::Text(text) => text,
                Received::Ping(payload) => {
                    self.pong(&payload);
                    continue;
                }
                Received::Sign => continue,
                Received::Close => return session.seat.close(CloseCode::Done),
                Received::TooLarge => return session.seat.close(CloseCode::TooLarge),
                Received::Malformed => return session.seat.close(CloseCode::Malformed),
                Received::Gone => return,
            };
            // Every frame counts, nonsense and heartbeats too: all of them cost.
            let verdict =
                window.pass(self.service.limits().commands, began.elapsed().as_millis() as u64);
            if !verdict.allowed {
                refused += 1;
                self.answer(id_of(&text), Err(Refusal::limited(verdict)));
                if refused > REFUSED_IN_A_ROW {
                    return session.seat.close(CloseCode::RateLimited);
                }
                continue;
            }
            refused = 0;
            let frame: ClientFrame = match parse(text.as_bytes()) {
                Ok(frame) => frame,
                Err(refusal) => {
                    self.answer(id_of(&text), Err(refusal));
                    continue;
                }
            };
            if frame.command == Command::Heartbeat {
                continue;
            }
            // The hub closes it too, at its next heartbeat; nothing is done in between.
            let renews = matches!(frame.command, Command::Renew { .. });
            let expired =
                self.service.now_ms().is_ok_and(|now| now / 1000 >= session.caller.token_until_s);
            if expired && !renews {
                self.answer(frame.id, Err(Refusal::of(ErrorCode::Unauthenticated)));
                continue;
            }
            let began = Instant::now();
            let span = command_span();
            let work = dispatch::dispatch(&mut session, frame.command).instrument(span.clone());
            // Boxed: a connection that is idle holds none of it.
            let Done { name, answer } = Box::pin(work).await;
            end_command(&span, name, answer.as_ref().err());
            observe::COMMANDS.time(name, began);
            self.answer(frame.id, answer);
        }
    }

    fn answer(&self, id: u64, answer: Answered<Answer>) {
        let frame = match answer {
            Ok(data) => ServerFrame::Ok { id, data },
            Err(refusal) => {
                observe::REFUSALS.add(refusal.code.as_str(), 1);
                ServerFrame::Error { id, error: refusal.body() }
            }
        };
        self.send(&Frame::of(&frame));
    }

    fn pong(&self, payload: &[u8]) {
        if self.outbox.push(transport::pong(payload)).is_err() {
            self.outbox.close(CloseCode::Slow);
        }
    }

    fn send(&self, frame: &Frame) {
        if self.outbox.push(frame.bytes().clone()).is_err() {
            self.outbox.close(CloseCode::Slow);
        }
    }
}

/// A command's span; it gets its name when it is known.
fn command_span() -> Span {
    trace_span!(
        target: trace::TARGET,
        "command",
        otel.kind = "server",
        otel.status_code = field::Empty,
        error.type = field::Empty
    )
}

fn end_command(span: &Span, name: &str, refusal: Option<&Refusal>) {
    if span.is_disabled() {
        return;
    }
    trace::rename(span, || format!("command {name}"));
    if let Some(refusal) = refusal {
        span.record("error.type", refusal.code.as_str());
        if refusal.code.status() >= 500 {
            span.record("otel.status_code", "error");
        }
    }
}

/// Tells what was missed through the outbox, as fast as the client takes it.
struct ToOutbox<'a>(&'a Outbox);

impl Listener for ToOutbox<'_> {
    async fn tell(&mut self, event: &Replayed) -> Answered<()> {
        self.tell_frame(event.frame.clone()).await
    }

    async fn tell_frame(&mut self, frame: Frame) -> Answered<()> {
        let in_time = tokio::time::timeout(ROOM_WITHIN, self.0.has_room()).await.is_ok();
        if !in_time || self.0.push(frame.bytes().clone()).is_err() {
            self.0.close(CloseCode::Slow);
        }
        if self.0.is_closed() {
            return Err(Refusal::of(ErrorCode::Overloaded));
        }
        Ok(())
    }

    fn release(&mut self) -> bool {
        self.0.release()
    }
}

/// The id of a frame that is no command that is known, so that whoever sent it learns which; 0 where
/// it has none.
fn id_of(text: &str) -> u64 {
    #[derive(Default, Deserialize)]
    struct Numbered {
        #[serde(default)]
        id: u64,
    }
    serde_json::from_str::<Numbered>(text).unwrap_or_default().id
}
