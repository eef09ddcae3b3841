//! Messages over plain HTTP: the same as on the socket, and the history.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, delete, get, patch, post, put};

use super::extract::{Body, Caller};
use super::problem::Problem;
use crate::protocol::client::SendMessage;
use crate::protocol::http::{
    EditMessage, History, HistoryQuery, PostMessage, Problem as ProblemBody, Receipt, SeenBy,
    TypingBody,
};
use crate::protocol::server::{Changed, Sent};
use crate::protocol::{Member, MessageId, RoomId};
use crate::service::Service;

type Answer = Result<HttpResponse, Problem>;

/// A part of a room's history, oldest first.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), HistoryQuery), responses(
    (status = 200, body = History),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/messages")]
pub async fn history(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    query: Query<HistoryQuery>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.history(&caller.0, *id, query.into_inner()).await?))
}

/// Send a text message. Trying again with the same nonce never makes a second one.
#[utoipa::path(operation_id = "send_message", tag = "messages", security(("token" = [])), params(("id" = RoomId, Path)), request_body = PostMessage, responses(
    (status = 201, body = Sent),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`, `nonce_reused`, `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/{id}/messages")]
pub async fn send(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    body: Body<PostMessage>,
) -> Answer {
    let PostMessage { nonce, text, reply_to, retry } = body.0;
    let message = SendMessage { room_id: *id, nonce, text, reply_to, retry };
    Ok(HttpResponse::Created().json(service.send(&caller.0, message).await?))
}

/// Replace the text of an own message.
#[utoipa::path(operation_id = "edit_message", tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), ("message_id" = MessageId, Path)), request_body = EditMessage, responses(
    (status = 200, body = Changed),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[patch("/{id}/messages/{message_id}")]
pub async fn edit(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, MessageId)>,
    body: Body<EditMessage>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.edit(&caller.0, ids.0, ids.1, &body.0.text).await?))
}

/// Delete a message for everyone; a tombstone stays.
#[utoipa::path(operation_id = "delete_message", tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), ("message_id" = MessageId, Path)), responses(
    (status = 200, body = Changed),
    (status = "4XX", description = "`not_found`, `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/{id}/messages/{message_id}")]
pub async fn delete(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, MessageId)>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.delete(&caller.0, ids.0, ids.1).await?))
}

/// Who received and who read a message.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), ("message_id" = MessageId, Path)), responses(
    (status = 200, body = SeenBy),
    (status = "4XX", description = "`not_found`, `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/messages/{message_id}/seen")]
pub async fn seen_by(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, MessageId)>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.seen_by(&caller.0, ids.0, ids.1).await?))
}

/// React to a message.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), ("message_id" = MessageId, Path), ("emoji" = String, Path)), responses(
    (status = 200, body = Changed),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`, `too_many_reactions`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[put("/{id}/messages/{message_id}/reactions/{emoji}")]
pub async fn react(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, MessageId, String)>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.react(&caller.0, ids.0, ids.1, &ids.2, true).await?))
}

/// Take a reaction back.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path), ("message_id" = MessageId, Path), ("emoji" = String, Path)), responses(
    (status = 200, body = Changed),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/{id}/messages/{message_id}/reactions/{emoji}")]
pub async fn unreact(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, MessageId, String)>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.react(&caller.0, ids.0, ids.1, &ids.2, false).await?))
}

/// Say how far one has received and read. Only ever raises it.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path)), request_body = Receipt, responses(
    (status = 200, body = Member),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[put("/{id}/receipt")]
pub async fn mark(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    body: Body<Receipt>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.mark(&caller.0, *id, body.0.delivered, body.0.read).await?))
}

/// Say that one is writing, or stopped.
#[utoipa::path(tag = "messages", security(("token" = [])), params(("id" = RoomId, Path)), request_body = TypingBody, responses(
    (status = 204),
    (status = "4XX", description = "`not_found`, `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[put("/{id}/typing")]
pub async fn typing(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    body: Body<TypingBody>,
) -> Answer {
    service.typing(&caller.0, *id, body.0.on).await?;
    Ok(HttpResponse::NoContent().finish())
}
