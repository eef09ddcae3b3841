//! Members of the same rooms who use long polling and HTTP alone.

use std::time::Instant;

use goose::goose::{GooseUser, TransactionResult};
use serde_json::json;

use crate::api::{self, Call};
use crate::chat::new_nonce;
use crate::run::{Over, Run, Seat};

/// How long a poll waits, in seconds; between two of them Goose may end the run.
const WAIT_S: u64 = 1;

#[derive(Clone)]
struct Poller {
    seat: Seat,
    room: String,
    token: String,
    cursor: String,
    /// When the next message should be sent.
    due: Instant,
}

pub async fn enter(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let token = api::new_token(user, run).await?;
    let seat = run.take_seat();
    let room = seat.join(user, run, &token).await?;
    let due = Instant::now() + run.every();
    let mut poller = Poller { seat, room, token, cursor: String::new(), due };
    poller.hear(user, run).await?;
    poller.seat.ledger().enter(poller.seat.number());
    user.set_session_data(poller);
    Ok(())
}

pub async fn poll(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let Some(mut poller) = user.get_session_data::<Poller>().cloned() else {
        tokio::time::sleep(std::time::Duration::from_secs(WAIT_S)).await;
        return Err("there is no cursor".into());
    };
    if poller.due <= Instant::now() {
        poller.due += run.every();
        poller.speak(user, run).await?;
    }
    poller.hear(user, run).await?;
    user.set_session_data(poller);
    Ok(())
}

pub async fn leave(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let Some(mut poller) = user.get_session_data::<Poller>().cloned() else { return Ok(()) };
    let seat = poller.seat.clone();
    seat.ledger().leave(seat.number());
    let end = Instant::now() + run.drain();
    while seat.ledger().owes(seat.number()) && Instant::now() < end {
        poller.hear(user, run).await?;
    }
    Ok(())
}

impl Poller {
    /// One poll; the first has no cursor and gets one.
    async fn hear(&mut self, user: &mut GooseUser, run: &Run) -> TransactionResult {
        let query = match self.cursor.as_str() {
            "" => "wait=0".to_owned(),
            cursor => format!("cursor={cursor}&wait={WAIT_S}"),
        };
        let path = format!("/events?{query}");
        let polled = api::call(user, run, Call::get("poll", &path, &self.token)).await?;
        if polled["resumed"] != true {
            run.failed("not_resumed", "a cursor was not taken");
        }
        polled["cursor"].as_str().unwrap_or_default().clone_into(&mut self.cursor);
        for event in polled["events"].as_array().map_or(&[][..], Vec::as_slice) {
            let Some(nonce) = event["message"]["nonce"].as_str() else { continue };
            if let Some(took) = run.heard(&self.seat, nonce, Over::Polling) {
                user.record_custom_request_duration("POLL", "delivery", took, true, None, None)
                    .await?;
            }
        }
        Ok(())
    }

    /// A poll comes between when it is due and now: it is measured from now.
    async fn speak(&self, user: &mut GooseUser, run: &Run) -> TransactionResult {
        let (due, nonce) = (Instant::now(), new_nonce());
        let path = format!("/rooms/{}/messages", self.room);
        let body = json!({"nonce": &nonce, "text": "A message of a load test, over HTTP."});
        self.seat.ledger().say(nonce.clone(), due);
        let call = Call::post("send over HTTP", &path, &self.token, body);
        match api::call(user, run, call).await {
            Ok(_) => {
                self.seat.ledger().acknowledge(&nonce);
                run.acknowledged(due.elapsed());
                Ok(())
            }
            Err(error) => {
                self.seat.ledger().refuse(&nonce);
                Err(error)
            }
        }
    }
}
