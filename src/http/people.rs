//! Other people, and who is there.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, get, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Body, Caller};
use super::problem::Problem;
use crate::protocol::http::{PresenceBody, Problem as ProblemBody};
use crate::protocol::server::PresenceEntry;
use crate::protocol::{User, UserId};
use crate::service::{Refusal, Service};

type Answer = Result<HttpResponse, Problem>;

/// People asked for at once.
pub const MAX_IDS: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ids {
    /// User ids, separated by commas; at most 200.
    ids: String,
}

/// Reads a list of ids, at most [`MAX_IDS`], separated by commas.
pub fn parse_ids(field: &str, text: &str) -> Result<Vec<UserId>, Refusal> {
    let ids: Result<Vec<UserId>, _> =
        text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::parse).collect();
    ids.ok()
        .filter(|ids| ids.len() <= MAX_IDS)
        .ok_or_else(|| Refusal::field(field, "Give at most 200 user ids, separated by commas."))
}

/// Several people. Those that do not exist are left out.
#[utoipa::path(tag = "people", security(("token" = [])), params(Ids), responses((status = 200, body = Vec<User>)))]
#[get("")]
pub async fn users(service: Data<Service>, _caller: Caller, ids: Query<Ids>) -> Answer {
    let ids = parse_ids("ids", &ids.ids)?;
    Ok(HttpResponse::Ok().json(service.users(&ids).await?))
}

/// The person with this username, whatever its letters' case.
#[utoipa::path(operation_id = "user_by_username", tag = "people", security(("token" = [])), params(("username" = String, Path)), responses(
    (status = 200, body = User),
    (status = "4XX", description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/by-username/{username}")]
pub async fn by_username(
    service: Data<Service>,
    _caller: Caller,
    username: Path<String>,
) -> Answer {
    Ok(HttpResponse::Ok().json(service.user_by_username(&username).await?))
}

/// One person.
#[utoipa::path(tag = "people", security(("token" = [])), params(("id" = UserId, Path)), responses(
    (status = 200, body = User),
    (status = "4XX", description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/{id}")]
pub async fn user(service: Data<Service>, _caller: Caller, id: Path<UserId>) -> Answer {
    Ok(HttpResponse::Ok().json(service.user(*id).await?))
}

/// Who of these is there. Left out: those of whom nothing is known yet, because the server has only
/// just started.
#[utoipa::path(tag = "people", security(("token" = [])), params(Ids), responses((status = 200, body = Vec<PresenceEntry>)))]
#[get("")]
pub async fn presence(service: Data<Service>, _caller: Caller, ids: Query<Ids>) -> Answer {
    let ids = parse_ids("ids", &ids.ids)?;
    Ok(HttpResponse::Ok().json(service.presence_of(&ids).await?))
}

/// What one shows to others, on all devices, until changed.
#[utoipa::path(tag = "people", security(("token" = [])), request_body = PresenceBody, responses((status = 204)))]
#[put("/presence")]
pub async fn choose_presence(
    service: Data<Service>,
    caller: Caller,
    body: Body<PresenceBody>,
) -> Answer {
    service.choose_presence(&caller.0, body.0.choice).await?;
    Ok(HttpResponse::NoContent().finish())
}
