//! The cookie in which a browser keeps its refresh token, where no script can read it.
//!
//! It comes with requests to the addresses that need it, and with no others.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::extract::{Surroundings, surroundings};
use super::problem::Problem;
use crate::service::Refusal;

const NAME: &str = "starling_refresh";
const PATH: &str = "/api/v1/auth";

/// The browser that a request came from, and what it keeps for us.
pub struct Jar {
    request: HttpRequest,
    surroundings: Surroundings,
}

impl FromRequest for Jar {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let surroundings = surroundings(request);
        std::future::ready(Ok(Self { request: request.clone(), surroundings }))
    }
}

impl Jar {
    /// Itself where a request is about the cookie. Pages of other origins are refused then: they could
    /// neither send JSON nor read the answer, and this holds should a browser let them.
    pub fn if_asked_for(self, asked: bool) -> Result<Option<Self>, Refusal> {
        if !asked {
            return Ok(None);
        }
        self.surroundings.require_origin(&self.request)?;
        Ok(Some(self))
    }

    /// The token that came in the cookie.
    pub fn token(&self) -> Option<String> {
        self.request.cookie(NAME).map(|cookie| cookie.value().to_owned())
    }

    /// Has the browser keep the token for so long.
    pub fn keep(&self, answer: &mut HttpResponse, token: String, for_ms: u64) {
        self.set(answer, token, Duration::seconds((for_ms / 1000) as i64));
    }

    /// Has the browser forget the token.
    pub fn forget(&self, answer: &mut HttpResponse) {
        self.set(answer, String::new(), Duration::ZERO);
    }

    fn set(&self, answer: &mut HttpResponse, token: String, max_age: Duration) {
        let cookie = Cookie::build(NAME, token)
            .path(PATH)
            .http_only(true)
            .same_site(SameSite::Strict)
            .max_age(max_age)
            // By plain HTTP a browser takes none that is `Secure`.
            .secure(self.surroundings.is_secure(&self.request))
            .finish();
        answer.add_cookie(&cookie).expect("a token has letters, digits, `.`, `-` and `_`");
    }
}
