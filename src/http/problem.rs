//! Errors over HTTP: `application/problem+json` (RFC 9457), always.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};

use super::edge::{RateLimitHeaders, current_request_id};
use crate::observe;
use crate::protocol::http;
use crate::service::Refusal;

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem(pub Refusal);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let refusal = &self.0;
        observe::REFUSALS.add(refusal.code.as_str(), 1);
        let problem = http::Problem {
            kind: format!("urn:starling:error:{}", refusal.code.as_str()),
            title: refusal.code.meaning().to_owned(),
            status: refusal.code.status(),
            error: refusal.body(),
            request_id: current_request_id(),
        };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(retry_after_ms) = refusal.retry_after_ms {
            response.insert_header((RETRY_AFTER, retry_after_ms.div_ceil(1000).max(1).to_string()));
        }
        if let Some(verdict) = refusal.verdict {
            for header in RateLimitHeaders(verdict).pairs() {
                response.insert_header(header);
            }
        }
        response.json(problem)
    }
}
