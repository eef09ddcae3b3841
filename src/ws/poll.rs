//! Long polling: the same events and the same cursor over plain HTTP.
//!
//! Nothing of a client is kept between its polls. Its cursor says up to when it was told
//! everything, and names the events after that which it was told too; so any node goes on.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse, get};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::resume::{self, Listener};
use crate::domain::cursor::{Cursor, MAX_SEEN};
use crate::http::extract::bearer;
use crate::http::people::parse_ids;
use crate::http::problem::Problem;
use crate::http::system::Draining;
use crate::hub::{Hub, Peer};
use crate::observe;
use crate::protocol::codes::ErrorCode;
use crate::protocol::http::{PollQuery, Polled};
use crate::protocol::{EventId, Frame};
use crate::service::{Answered, Refusal, Replayed, Service, Start};

const WAIT_DEFAULT_S: u32 = 25;
const WAIT_MOST_S: u32 = 50;

/// After the first event, what else happens within this time is told in the same answer.
const LINGER: Duration = Duration::from_millis(100);

/// Live events that one answer holds at most, in bytes; the rest comes with the next.
const MOST_BYTES: usize = 256 * 1024;

/// Wait for events.
///
/// Answers at once with what happened after the cursor, or as soon as something happens, or with
/// nothing when the wait is over. Without a cursor it answers at once with one. Not counted as an
/// API request, but limited to 600 a minute for each session.
#[utoipa::path(tag = "live", security(("token" = [])), params(PollQuery), responses(
    (status = 200, body = Polled),
    (status = "4XX", description = "`unauthenticated`, `session_ended`, `invalid`, `rate_limited`", body = crate::protocol::http::Problem, content_type = "application/problem+json"),
))]
#[get("/api/v1/events")]
pub async fn poll(
    request: HttpRequest,
    query: Query<PollQuery>,
    service: Data<Service>,
    draining: Data<Draining>,
) -> Result<HttpResponse, Problem> {
    draining.refuse()?;
    let hub = request.app_data::<Hub>().ok_or_else(|| Refusal::of(ErrorCode::Internal))?;
    let wait = query.wait.unwrap_or(WAIT_DEFAULT_S);
    if wait > WAIT_MOST_S {
        return Err(Refusal::field("wait", "Wait for 0 to 50 seconds.").into());
    }
    let watched = parse_ids("watch", query.watch.as_deref().unwrap_or_default())?;
    let claims = service.verify(bearer(&request).map_err(Problem)?)?;
    service.count_poll(&claims).await?;
    let start = service.start(query.cursor.as_deref())?;

    let live = Rc::new(Live::default());
    let collector = live.clone();
    let peer = Peer::Poll(Box::new(move |event_id, frame| collector.add(event_id, frame)));
    let seat = hub.join(claims.sub, claims.sid, peer);
    let following = resume::follow(&service, &seat, &claims).await?;
    seat.watch(&watched).await;
    let presence = following.arrival.presence;
    let _here = service.device_here(claims.sub, query.idle, presence).await?;

    let mut answer = Collected::new(&start);
    let reached = resume::catch_up(&service, &following, &start, &mut answer).await?;
    if answer.frames.is_empty() && start != Start::Fresh && start.is_known() {
        observe::POLLS.change(1.0);
        tokio::select! {
            () = live.something() => tokio::time::sleep(LINGER).await,
            () = tokio::time::sleep(Duration::from_secs(wait.into())) => {}
            () = draining.begun() => {}
        }
        observe::POLLS.change(-1.0);
    }
    for (event_id, json) in live.take() {
        answer.add(event_id, &json);
    }
    let polled = Polled {
        cursor: answer.cursor(reached).encode(),
        resumed: start.is_known(),
        events: answer.frames,
    };
    Ok(HttpResponse::Ok().json(polled))
}

/// What happens while the poll waits.
#[derive(Default)]
struct Live {
    events: RefCell<Events>,
    more: Notify,
}

#[derive(Default)]
struct Events {
    list: Vec<(Option<EventId>, Bytes)>,
    bytes: usize,
}

impl Live {
    fn add(&self, event_id: Option<EventId>, frame: &Frame) {
        let mut events = self.events.borrow_mut();
        let json = frame.json();
        // What has no place is not named in the cursor, and so is told by the next poll.
        if events.bytes + json.len() <= MOST_BYTES {
            events.bytes += json.len();
            events.list.push((event_id, json));
        }
        self.more.notify_one();
    }

    async fn something(&self) {
        while self.events.borrow().list.is_empty() {
            self.more.notified().await;
        }
    }

    fn take(&self) -> Vec<(Option<EventId>, Bytes)> {
        std::mem::take(&mut self.events.borrow_mut().list)
    }
}

/// The answer, as it grows.
struct Collected {
    /// What the client was told before, after its cursor's time.
    told: HashSet<u64>,
    /// What it has been told by the end of this answer.
    ids: Vec<EventId>,
    read: HashSet<u64>,
    frames: Vec<Box<RawValue>>,
}

impl Collected {
    fn new(start: &Start) -> Self {
        let told = match start {
            Start::From(cursor) => cursor.seen.iter().copied().collect(),
            Start::Fresh | Start::Afresh => HashSet::new(),
        };
        Self { told, ids: Vec::new(), read: HashSet::new(), frames: Vec::new() }
    }

    /// A live event, unless it was read from the store already.
    fn add(&mut self, event_id: Option<EventId>, json: &Bytes) {
        if let Some(id) = event_id {
            let fingerprint = id.fingerprint();
            if self.told.contains(&fingerprint) || self.read.contains(&fingerprint) {
                return;
            }
            self.ids.push(id);
        }
        self.push(json);
    }

    fn push(&mut self, json: &Bytes) {
        let text = String::from_utf8_lossy(json).into_owned();
        if let Ok(raw) = RawValue::from_string(text) {
            self.frames.push(raw);
        }
    }

    /// Where the next poll goes on: at `reached`, knowing the newest of what came after.
    fn cursor(&self, reached_ms: u64) -> Cursor {
        let mut after: Vec<_> = self.ids.iter().filter(|id| id.millis() > reached_ms).collect();
        after.sort_unstable();
        after.dedup();
        let first = after.len().saturating_sub(MAX_SEEN);
        let seen = after[first..].iter().map(|id| id.fingerprint()).collect();
        Cursor { millis: reached_ms, seen }
    }
}

impl Listener for Collected {
    async fn tell(&mut self, event: &Replayed) -> Answered<()> {
        let fingerprint = event.change.fingerprint();
        // A change may stand in the log a moment before its state does. What was read then is the
        // state before it, and the change itself is still to be told.
        if event.version >= event.change {
            self.read.insert(fingerprint);
            self.ids.push(event.change);
        }
        if !self.told.contains(&fingerprint) {
            self.push(&event.frame.json());
        }
        Ok(())
    }

    async fn tell_frame(&mut self, frame: Frame) -> Answered<()> {
        self.push(&frame.json());
        Ok(())
    }

    /// Live events are collected apart.
    fn release(&mut self) -> bool {
        true
    }
}
