//! A room with a history, which its reader pages through, backwards and forwards.

use goose::goose::{GooseUser, TransactionResult};
use serde_json::{Value, json};

use crate::api::{self, Call, Failed};
use crate::run::{Run, Seat};

const MESSAGES: usize = 60;
const PAGE: usize = 25;

/// What a reader knows.
#[derive(Clone)]
struct Written {
    token: String,
    room: String,
    /// The ids of its messages.
    messages: Vec<String>,
}

pub async fn write(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let token = api::new_token(user, run).await?;
    let room = Seat::in_own_room().join(user, run, &token).await?;
    let path = format!("/rooms/{room}/messages");
    let mut messages = Vec::new();
    for number in 0..MESSAGES {
        let write = || {
            let text = format!("Message {number} of a history.");
            let body = json!({"nonce": format!("history-{number}"), "text": text});
            Call::post("write a history", &path, &token, body)
        };
        let sent = api::prepare(user, run, write).await?;
        messages.push(sent["message_id"].as_str().unwrap_or_default().to_owned());
    }
    user.set_session_data(Written { token, room, messages });
    Ok(())
}

pub async fn read(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let Some(written) = user.get_session_data::<Written>().cloned() else {
        return Err("there is no history".into());
    };
    for direction in [Direction::Before, Direction::After] {
        let found = page_through(user, run, &written, direction).await?;
        if found != written.messages {
            let (found, all) = (found.len(), written.messages.len());
            run.failed("wrong_history", &format!("{found} messages of {all}, {direction:?}"));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// From the newest message on.
    Before,
    /// From the first one on.
    After,
}

/// The ids of the room's messages as its pages give them, oldest first.
async fn page_through(
    user: &mut GooseUser,
    run: &Run,
    written: &Written,
    direction: Direction,
) -> Result<Vec<String>, Failed> {
    let Written { token, room, .. } = written;
    let mut found: Vec<String> = Vec::new();
    let mut place = match direction {
        Direction::Before => String::new(),
        // A room's own id is older than its messages.
        Direction::After => format!("&after={room}"),
    };
    loop {
        let path = format!("/rooms/{room}/messages?limit={PAGE}{place}");
        let page = api::call(user, run, Call::get("history", &path, token)).await?;
        let messages = page["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let id = |message: &Value| message["id"].as_str().unwrap_or_default().to_owned();
        let ids = messages.iter().filter(|message| message["kind"] == "text").map(id);
        let (more, next) = match direction {
            Direction::Before => {
                found.splice(0..0, ids);
                (&page["more_before"], messages.first().map(|first| ("before", id(first))))
            }
            Direction::After => {
                found.extend(ids);
                (&page["more_after"], messages.last().map(|last| ("after", id(last))))
            }
        };
        match next {
            Some((name, id)) if more == true => place = format!("&{name}={id}"),
            _ => return Ok(found),
        }
    }
}
