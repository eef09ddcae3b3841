//! Rooms, their members, and direct conversations. `docs/permissions.md` says who may do what.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Body, Caller};
use super::problem::Problem;
use crate::protocol::http::{
    AddMember, ChangeMember, ChangeRoom, Conversations, Members, NewRoom, OpenDirect,
    Problem as ProblemBody, PublicRooms, RoomDetails,
};
use crate::protocol::{Member, RoomId, UserId};
use crate::service::Service;

type Answer = Result<HttpResponse, Problem>;

/// One's conversations, each with its newest message and what is unread; the newest first.
#[utoipa::path(tag = "rooms", security(("token" = [])), responses((status = 200, body = Conversations)))]
#[get("")]
pub async fn conversations(service: Data<Service>, caller: Caller) -> Answer {
    let conversations = service.conversations(&caller.0).await?;
    Ok(HttpResponse::Ok().json(Conversations { conversations }))
}

/// Make a room. One is its owner.
#[utoipa::path(operation_id = "create_room", tag = "rooms", security(("token" = [])), request_body = NewRoom, responses(
    (status = 201, body = RoomDetails),
    (status = "4XX", description = "`invalid`, `too_many_rooms`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("")]
pub async fn create(service: Data<Service>, caller: Caller, body: Body<NewRoom>) -> Answer {
    Ok(HttpResponse::Created().json(service.create_room(&caller.0, body.0).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PublicPage {
    /// `next` of the page before.
    before: Option<RoomId>,
}

/// The public rooms, newest first, fifty a page.
#[utoipa::path(operation_id = "public_rooms", tag = "rooms", security(("token" = [])), params(PublicPage), responses((status = 200, body = PublicRooms)))]
#[get("/public")]
pub async fn public(service: Data<Service>, caller: Caller, page: Query<PublicPage>) -> Answer {
    Ok(HttpResponse::Ok().json(service.public_rooms(&caller.0, page.before).await?))
}

/// The conversation with one other person; made where there is none.
#[utoipa::path(tag = "rooms", security(("token" = [])), request_body = OpenDirect, responses(
    (status = 200, body = RoomDetails),
    (status = "4XX", description = "`invalid`, `too_many_rooms`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("")]
pub async fn open_direct(service: Data<Service>, caller: Caller, body: Body<OpenDirect>) -> Answer {
    Ok(HttpResponse::Ok().json(service.open_direct(&caller.0, body.0.user_id).await?))
}

/// A room that one is in, or that is public.
#[utoipa::path(operation_id = "room", tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), responses(
    (status = 200, body = RoomDetails),
    (status = "4XX", description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}")]
pub async fn details(service: Data<Service>, caller: Caller, id: Path<RoomId>) -> Answer {
    Ok(HttpResponse::Ok().json(service.room_details(&caller.0, *id).await?))
}

/// Change its name, description, or whether it is public.
#[utoipa::path(operation_id = "change_room", tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), request_body = ChangeRoom, responses(
    (status = 200, body = RoomDetails),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[patch("/{id}")]
pub async fn change(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    body: Body<ChangeRoom>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.change_room(&caller.0, *id, body.0).await?))
}

/// Delete it, with everything in it, for everybody.
#[utoipa::path(operation_id = "delete_room", tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), responses(
    (status = 204),
    (status = "4XX", description = "`not_found`, `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/{id}")]
pub async fn delete(service: Data<Service>, caller: Caller, id: Path<RoomId>) -> Answer {
    service.delete_room(&caller.0, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Join a public room. That one is in it already is no error.
#[utoipa::path(operation_id = "join_room", tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), responses(
    (status = 200, body = RoomDetails),
    (status = "4XX", description = "`not_found`, `too_many_rooms`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/{id}/join")]
pub async fn join(service: Data<Service>, caller: Caller, id: Path<RoomId>) -> Answer {
    Ok(HttpResponse::Ok().json(service.join(&caller.0, *id).await?))
}

/// Leave a room.
#[utoipa::path(operation_id = "leave_room", tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), responses(
    (status = 204),
    (status = "4XX", description = "`not_found`, `forbidden`, `owner_must_stay`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/{id}/leave")]
pub async fn leave(service: Data<Service>, caller: Caller, id: Path<RoomId>) -> Answer {
    service.leave(&caller.0, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MembersPage {
    /// `next` of the page before.
    after: Option<UserId>,
}

/// The members of a room, a hundred a page.
#[utoipa::path(tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path), MembersPage), responses(
    (status = 200, body = Members),
    (status = "4XX", description = "`not_found`, `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}/members")]
pub async fn members(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    page: Query<MembersPage>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.members(&caller.0, *id, page.after).await?))
}

/// Add somebody.
#[utoipa::path(tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path)), request_body = AddMember, responses(
    (status = 200, body = Member),
    (status = "4XX", description = "`not_found`, `forbidden`, `invalid`, `too_many_rooms`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/{id}/members")]
pub async fn add_member(
    service: Data<Service>,
    caller: Caller,
    id: Path<RoomId>,
    body: Body<AddMember>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.add_member(&caller.0, *id, body.0.user_id).await?))
}

/// Give somebody another role; `owner` hands the room over.
#[utoipa::path(tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path), ("user_id" = UserId, Path)), request_body = ChangeMember, responses(
    (status = 200, body = Member),
    (status = "4XX", description = "`not_found`, `forbidden`, `conflict`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[patch("/{id}/members/{user_id}")]
pub async fn change_member(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, UserId)>,
    body: Body<ChangeMember>,
) -> Answer {
    let (room, user) = *ids;
    Ok(HttpResponse::Ok().json(service.set_role(&caller.0, room, user, body.0.role).await?))
}

/// Remove somebody.
#[utoipa::path(tag = "rooms", security(("token" = [])), params(("id" = RoomId, Path), ("user_id" = UserId, Path)), responses(
    (status = 204),
    (status = "4XX", description = "`not_found`, `forbidden`, `conflict`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/{id}/members/{user_id}")]
pub async fn remove_member(
    service: Data<Service>,
    caller: Caller,
    ids: Path<(RoomId, UserId)>,
) -> Answer {
    let (room, user) = *ids;
    service.remove_member(&caller.0, room, user).await?;
    Ok(HttpResponse::NoContent().finish())
}
