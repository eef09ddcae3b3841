//! Accounts and sessions.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, ResponseError, delete, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::cookie::Jar;
use super::extract::{Body, Caller, Device};
use super::problem::Problem;
use crate::protocol::codes::{ErrorCode, FieldError};
use crate::protocol::http::{
    ChangePassword, Login, Me, Problem as ProblemBody, Refresh, Register, Tokens,
};
use crate::protocol::{Session, SessionId};
use crate::service::{Refusal, Service};

type Answer = Result<HttpResponse, Problem>;

/// Gives tokens as they were asked for: all in the answer, or the refresh token in the cookie.
fn give(service: &Service, status: StatusCode, mut tokens: Tokens, jar: Option<&Jar>) -> Answer {
    let kept = jar.and_then(|jar| Some((jar, tokens.refresh_token.take()?)));
    let lasts_ms = tokens.session.expires_at.saturating_sub(service.now_ms()?);
    let mut answer = HttpResponse::build(status).json(tokens);
    if let Some((jar, token)) = kept {
        jar.keep(&mut answer, token, lasts_ms);
    }
    Ok(answer)
}

/// Make an account, and log it in.
///
/// The first account of a new server is its admin.
#[utoipa::path(tag = "accounts", request_body = Register, responses(
    (status = 201, body = Tokens, headers(("set-cookie" = Option<String>, description = "With `cookie`: the refresh token."))),
    (status = "4XX", description = "`invalid`, `username_taken`, `email_taken`, `rate_limited`; with `cookie` also `origin_refused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/register")]
pub async fn register(
    service: Data<Service>,
    device: Device,
    jar: Jar,
    body: Body<Register>,
) -> Answer {
    let jar = jar.if_asked_for(body.0.cookie)?;
    let tokens = service.register(body.0, device.0).await?;
    give(&service, StatusCode::CREATED, tokens, jar.as_ref())
}

/// Log in with a username or an e-mail address, and the password.
#[utoipa::path(tag = "accounts", request_body = Login, responses(
    (status = 200, body = Tokens, headers(("set-cookie" = Option<String>, description = "With `cookie`: the refresh token."))),
    (status = "4XX", description = "`wrong_credentials`, `rate_limited`; with `cookie` also `origin_refused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/login")]
pub async fn login(service: Data<Service>, device: Device, jar: Jar, body: Body<Login>) -> Answer {
    let jar = jar.if_asked_for(body.0.cookie)?;
    let tokens = service.log_in(body.0, device.0).await?;
    give(&service, StatusCode::OK, tokens, jar.as_ref())
}

/// Replace the refresh token, and get a new access token.
///
/// A token that was replaced within the last ten seconds gives the same successor again; one that
/// was replaced before ends its session, because somebody else has it.
///
/// The token is in the body, or with `cookie` in the cookie. Where the session has ended, the cookie
/// is taken back.
#[utoipa::path(tag = "accounts", params(("starling_refresh" = Option<String>, Cookie, description = "With `cookie`: the refresh token.")), request_body = Refresh, responses(
    (status = 200, body = Tokens, headers(("set-cookie" = Option<String>, description = "With `cookie`: the refresh token that replaces it."))),
    (status = "4XX", description = "`malformed`, `invalid`, `session_ended`; with `cookie` also `unauthenticated` (there is no cookie), `origin_refused`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[post("/refresh")]
pub async fn refresh(
    service: Data<Service>,
    device: Device,
    jar: Jar,
    body: Body<Refresh>,
) -> Answer {
    let jar = jar.if_asked_for(body.0.cookie)?;
    let token = match (body.0.refresh_token, &jar) {
        (Some(token), None) => token,
        (None, Some(jar)) => jar.token().ok_or_else(|| {
            let detail = "No cookie with a refresh token came; log in with the password.";
            Refusal::because(ErrorCode::Unauthenticated, detail)
        })?,
        (Some(_), Some(_)) => {
            let detail = "Give the token here or in the cookie, not in both.";
            return Err(Refusal::field("refresh_token", detail).into());
        }
        (None, None) => {
            let detail = "missing field `refresh_token`".to_owned();
            let field = FieldError { field: "refresh_token".to_owned(), detail: detail.clone() };
            let refusal = Refusal::because(ErrorCode::Malformed, detail);
            return Err(Refusal { fields: vec![field], ..refusal }.into());
        }
    };
    match (service.refresh(&token, device.0.address).await, jar) {
        (Err(refusal), Some(jar)) if refusal.code == ErrorCode::SessionEnded => {
            let mut answer = Problem(refusal).error_response();
            jar.forget(&mut answer);
            Ok(answer)
        }
        (tokens, jar) => give(&service, StatusCode::OK, tokens?, jar.as_ref()),
    }
}

/// An answer that holds nothing; where the session that asked has ended, the cookie is taken back.
fn done(jar: &Jar, has_ended: bool) -> HttpResponse {
    let mut answer = HttpResponse::NoContent().finish();
    if has_ended {
        jar.forget(&mut answer);
    }
    answer
}

/// End this session. Its sockets close at once, and its cookie is taken back.
#[utoipa::path(tag = "accounts", security(("token" = [])), responses((status = 204)))]
#[post("/logout")]
pub async fn logout(service: Data<Service>, caller: Caller, jar: Jar) -> Answer {
    service.log_out(&caller.0).await?;
    Ok(done(&jar, true))
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
    jar: Jar,
    which: Query<WhichSessions>,
) -> Answer {
    service.revoke_sessions(&caller.0, which.keep_current).await?;
    Ok(done(&jar, !which.keep_current))
}

/// End one of one's sessions. Its sockets close at once.
#[utoipa::path(tag = "accounts", security(("token" = [])), params(("id" = SessionId, Path)), responses(
    (status = 204),
    (status = "4XX", description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[delete("/sessions/{id}")]
pub async fn revoke_session(
    service: Data<Service>,
    caller: Caller,
    jar: Jar,
    id: Path<SessionId>,
) -> Answer {
    service.revoke_session(&caller.0, *id).await?;
    Ok(done(&jar, *id == caller.0.session))
}
