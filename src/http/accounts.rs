//! Accounts and sessions.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, delete, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Body, Caller, Device};
use super::problem::Problem;
use crate::protocol::http::{
    ChangePassword, Login, Me, Problem as ProblemBody, Refresh, Register, Tokens,
};
use crate::protocol::{Session, SessionId};
use crate::service::Service;

type Answer = Result<HttpResponse, Problem>;

/// Make an account, and log it in.
///
/// The first account of a new server is its admin.
#[utoipa::path(tag = "accounts", request_body = Register, responses(
    (status = 201, body = Tokens),
    (status = "4XX", description = "`invalid`, `username_taken`, `email_taken`, `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/register")]
pub async fn register(service: Data<Service>, device: Device, body: Body<Register>) -> Answer {
    Ok(HttpResponse::Created().json(service.register(body.0, device.0).await?))
}

/// Log in with a username or an e-mail address, and the password.
#[utoipa::path(tag = "accounts", request_body = Login, responses(
    (status = 200, body = Tokens),
    (status = "4XX", description = "`wrong_credentials`, `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/login")]
pub async fn login(service: Data<Service>, device: Device, body: Body<Login>) -> Answer {
    Ok(HttpResponse::Ok().json(service.log_in(body.0, device.0).await?))
}

/// Replace the refresh token, and get a new access token.
///
/// A token that was replaced within the last ten seconds gives the same successor again; one that
/// was replaced before ends its session, because somebody else has it.
#[utoipa::path(tag = "accounts", request_body = Refresh, responses(
    (status = 200, body = Tokens),
    (status = "4XX", description = "`session_ended`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/refresh")]
pub async fn refresh(service: Data<Service>, device: Device, body: Body<Refresh>) -> Answer {
    Ok(HttpResponse::Ok().json(service.refresh(&body.0.refresh_token, device.0.address).await?))
}

/// End this session. Its sockets close at once.
#[utoipa::path(tag = "accounts", security(("token" = [])), responses((status = 204)))]
#[post("/logout")]
pub async fn logout(service: Data<Service>, caller: Caller) -> Answer {
    service.log_out(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who one is.
#[utoipa::path(tag = "accounts", security(("token" = [])), responses((status = 200, body = Me)))]
#[get("")]
pub async fn me(service: Data<Service>, caller: Caller) -> Answer {
    Ok(HttpResponse::Ok().json(service.me(&caller.0).await?))
}

/// Change the password. Other sessions end.
#[utoipa::path(tag = "accounts", security(("token" = [])), request_body = ChangePassword, responses(
    (status = 204),
    (status = "4XX", description = "`invalid`, `wrong_credentials`, `rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/password")]
pub async fn change_password(
    service: Data<Service>,
    caller: Caller,
    body: Body<ChangePassword>,
) -> Answer {
    service.change_password(&caller.0, body.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One's sessions; the newest use first.
#[utoipa::path(tag = "accounts", security(("token" = [])), responses((status = 200, body = Vec<Session>)))]
#[get("/sessions")]
pub async fn sessions(service: Data<Service>, caller: Caller) -> Answer {
    Ok(HttpResponse::Ok().json(service.sessions(&caller.0).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichSessions {
    /// Whether the session that asks goes on.
    #[serde(default)]
    keep_current: bool,
}

/// End all of one's sessions. Their sockets close at once.
#[utoipa::path(tag = "accounts", security(("token" = [])), params(WhichSessions), responses((status = 204)))]
#[delete("/sessions")]
pub async fn revoke_sessions(
    service: Data<Service>,
    caller: Caller,
    which: Query<WhichSessions>,
) -> Answer {
    service.revoke_sessions(&caller.0, which.keep_current).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of one's sessions. Its sockets close at once.
#[utoipa::path(tag = "accounts", security(("token" = [])), params(("id" = SessionId, Path)), responses(
    (status = 204),
    (status = "4XX", description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/sessions/{id}")]
pub async fn revoke_session(service: Data<Service>, caller: Caller, id: Path<SessionId>) -> Answer {
    service.revoke_session(&caller.0, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
