//! The server itself: health, metrics, its documents, its front page.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, get};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use crate::observe;
use crate::protocol::codes::ErrorCode;
use crate::protocol::http::{Degraded, Problem as ProblemBody, Readiness};
use crate::service::{Refusal, Service};

/// Whether the server is stopping.
#[derive(Clone, Default)]
pub struct Draining(CancellationToken);

impl Draining {
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Resolves when the server begins to stop.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    pub fn refuse(&self) -> Result<(), Refusal> {
        if self.0.is_cancelled() {
            return Err(Refusal::of(ErrorCode::ShuttingDown));
        }
        Ok(())
    }
}

/// The process lives.
#[utoipa::path(tag = "system", responses((status = 204)))]
#[get("/health/live")]
pub async fn live() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The server can do its work: the store reads and writes, and it is not stopping. What else may
/// not work at this moment is named.
#[utoipa::path(tag = "system", responses(
    (status = 200, body = Readiness),
    (status = 503, description = "`storage_unavailable`, `shutting_down`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/health/ready")]
pub async fn ready(
    service: Data<Service>,
    draining: Data<Draining>,
) -> Result<HttpResponse, Problem> {
    draining.refuse()?;
    let health = service.check().await?;
    let degraded = if health.bus { Vec::new() } else { vec![Degraded::Bus] };
    Ok(HttpResponse::Ok().json(Readiness { degraded }))
}

/// Metrics, in the text format of Prometheus. Not found where they have an address of their own.
#[utoipa::path(tag = "system", responses(
    (status = 200, content_type = "text/plain", body = String),
    (status = 404, description = "`not_found`", body = ProblemBody, content_type = "application/problem+json"),
))]
#[get("/metrics")]
pub async fn metrics(metrics: Option<Data<PrometheusHandle>>) -> Result<HttpResponse, Problem> {
    let metrics = metrics.ok_or_else(|| Refusal::of(ErrorCode::NotFound))?;
    let text = web::block(move || observe::render(&metrics)).await;
    let text = text.map_err(|_| Refusal::of(ErrorCode::ShuttingDown))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}

/// The documents that are made from the code.
pub struct Documents {
    pub openapi: String,
    pub asyncapi: String,
}

pub async fn openapi(documents: Data<Documents>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(documents.openapi.clone())
}

pub async fn asyncapi(documents: Data<Documents>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(documents.asyncapi.clone())
}

pub async fn protocol() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/markdown; charset=utf-8")
        .body(include_str!("../../docs/protocol.md"))
}

/// What a browser is shown at `/` where there is no web client.
pub fn front_page(with_metrics: bool) -> HttpResponse {
    const PAGE: &str = include_str!("front_page.html");
    const STYLE: &str = include_str!("front_page.css");
    const METRICS: &str = r#"<li><a href="/metrics"><b>Metrics</b>For Prometheus.</a></li>"#;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(hash)
    );
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(
            PAGE.replace("{style}", STYLE)
                .replace("{metrics}", if with_metrics { METRICS } else { "" })
                .replace("{version}", env!("CARGO_PKG_VERSION")),
        )
}
