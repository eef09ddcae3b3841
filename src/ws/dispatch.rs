//! From a command to the function that carries it out.

use super::socket::Session;
use crate::http::people::MAX_IDS;
use crate::protocol::client::Command;
use crate::protocol::codes::ErrorCode;
use crate::protocol::server::Answer;
use crate::service::{Answered, Refusal};

/// What became of a command, under its name.
pub struct Done {
    pub name: &'static str,
    pub answer: Answered<Answer>,
}

pub async fn dispatch(session: &mut Session, command: Command) -> Done {
    let (service, caller) = (&session.service, &session.caller);
    let (name, answer) = match command {
        Command::Hello { .. } => {
            let detail = "This connection is logged in already; `renew` its token.";
            ("hello", Err(Refusal::because(ErrorCode::Malformed, detail)))
        }
        Command::Renew { token } => ("renew", renew(session, &token)),
        Command::Heartbeat => ("heartbeat", Ok(Answer::Nothing)),
        Command::Send(message) => ("send", service.send(caller, message).await.map(Answer::Sent)),
        Command::Edit { room_id, message_id, text } => {
            ("edit", service.edit(caller, room_id, message_id, &text).await.map(Answer::Changed))
        }
        Command::Delete { room_id, message_id } => {
            ("delete", service.delete(caller, room_id, message_id).await.map(Answer::Changed))
        }
        Command::React { room_id, message_id, emoji, on } => {
            let changed = service.react(caller, room_id, message_id, &emoji, on).await;
            ("react", changed.map(Answer::Changed))
        }
        Command::Read { room_id, message_id } => {
            let member = service.mark(caller, room_id, None, Some(message_id)).await;
            ("read", member.map(|member| Answer::Member(Box::new(member))))
        }
        Command::Delivered { room_id, message_id } => {
            let member = service.mark(caller, room_id, Some(message_id), None).await;
            ("delivered", member.map(|member| Answer::Member(Box::new(member))))
        }
        Command::Typing { room_id, on } => {
            ("typing", service.typing(caller, room_id, on).await.map(|()| Answer::Nothing))
        }
        Command::Activity { idle } => {
            let told = session.device.set_idle(idle).await;
            ("activity", told.map(|()| Answer::Nothing))
        }
        Command::Presence { choice } => {
            let chosen = service.choose_presence(caller, choice).await;
            ("presence", chosen.map(|()| Answer::Nothing))
        }
        Command::Watch { user_ids } => {
            if user_ids.len() > MAX_IDS {
                ("watch", Err(Refusal::field("user_ids", "Watch at most 200 people.")))
            } else {
                // Followed first, so that no change falls between.
                session.seat.watch(&user_ids).await;
                ("watch", service.presence_of(&user_ids).await.map(Answer::Presence))
            }
        }
    };
    Done { name, answer }
}

/// The same session goes on with a new token.
fn renew(session: &mut Session, token: &str) -> Answered<Answer> {
    let claims = session.service.verify(token)?;
    if claims.sid != session.caller.session {
        let detail = "This token belongs to another session.";
        return Err(Refusal::because(ErrorCode::Forbidden, detail));
    }
    session.seat.token_for(session.service.seconds_left(&claims)?);
    session.caller.token_until_s = claims.exp;
    Ok(Answer::Nothing)
}
