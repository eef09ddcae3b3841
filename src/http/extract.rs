//! What handlers take from a request: who asks, from where, and the body, read once and checked.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, USER_AGENT};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::edge::RateLimitHeaders;
use super::problem::Problem;
use crate::domain::network::Network;
use crate::protocol::codes::{ErrorCode, FieldError};
use crate::service::{self, Refusal, Service};

/// What a JSON body may measure, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// What is known of the world around the server.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Web origins that may use the API from a browser, beside the server's own.
    pub origins: Arc<[String]>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub proxies: Arc<[Network]>,
}

impl Surroundings {
    /// Whether the request comes from no browser, from the server's own pages, or from an origin
    /// on the list.
    pub fn allows_origin(&self, request: &HttpRequest) -> bool {
        let Some(origin) = request.headers().get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let own = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let host = origin.split_once("://").map(|(_, host)| host);
        (own.is_some() && host == own) || self.origins.iter().any(|allowed| allowed == origin)
    }

    /// The same, as a refusal.
    pub fn require_origin(&self, request: &HttpRequest) -> Result<(), Refusal> {
        if self.allows_origin(request) {
            return Ok(());
        }
        Err(Refusal::of(ErrorCode::OriginRefused))
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(address))
    }

    /// Whether it comes from a proxy of ours.
    pub fn is_proxied(&self, request: &HttpRequest) -> bool {
        request.peer_addr().is_some_and(|peer| self.is_proxy(peer.ip()))
    }

    /// Whether the client came by HTTPS, as the nearest proxy says, if it is one of ours.
    pub fn is_secure(&self, request: &HttpRequest) -> bool {
        let forwarded = request.headers().get_all("x-forwarded-proto").last();
        let nearest = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        self.is_proxied(request)
            && nearest.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
    }

    /// The address of the client: of the nearest hop that is no proxy of ours.
    pub fn address(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        if !self.is_proxy(peer) {
            return peer;
        }
        let forwarded = request.headers().get_all("x-forwarded-for");
        let hops =
            forwarded.filter_map(|value| value.to_str().ok()).flat_map(|hops| hops.split(','));
        let mut hops: Vec<IpAddr> = hops.map_while(|hop| hop.trim().parse().ok()).collect();
        while let Some(hop) = hops.pop() {
            if !self.is_proxy(hop) {
                return hop;
            }
        }
        peer
    }
}

/// Somebody with a valid access token, whose request was counted.
pub struct Caller(pub service::Caller);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let service = service(&request)?;
            let caller = service.authenticate(bearer(&request)?).await?;
            let verdict = service.count_request(&caller).await?;
            request.extensions_mut().insert(RateLimitHeaders(verdict));
            Ok(Self(caller))
        })
    }
}

/// The access token in `Authorization`.
pub fn bearer(request: &HttpRequest) -> Result<&str, Refusal> {
    let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    token.ok_or_else(|| Refusal::of(ErrorCode::Unauthenticated))
}

pub fn service(request: &HttpRequest) -> Result<Data<Service>, Refusal> {
    let service = request.app_data::<Data<Service>>();
    service.cloned().ok_or_else(|| Refusal::of(ErrorCode::Internal))
}

pub fn surroundings(request: &HttpRequest) -> Surroundings {
    request.app_data::<Data<Surroundings>>().map(|data| data.as_ref().clone()).unwrap_or_default()
}

/// Where a log-in comes from. Its name is in the body.
pub struct Device(pub service::Device);

impl FromRequest for Device {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        std::future::ready(Ok(Self(service::Device {
            name: String::new(),
            user_agent: agent.unwrap_or_default().to_owned(),
            address: surroundings(request).address(request),
        })))
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let is_json = kind.eq_ignore_ascii_case("application/json");
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json {
                return Err(Refusal::of(ErrorCode::UnsupportedMediaType).into());
            }
            let mut body = Vec::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| malformed("The body ended too soon."))?;
                if body.len() + chunk.len() > MAX_BODY_BYTES {
                    return Err(Refusal::of(ErrorCode::PayloadTooLarge).into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Self(parse(&body)?))
        })
    }
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::because(ErrorCode::Malformed, detail)
}

/// Reads JSON; says which field is missing or has the wrong type.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if !error.is_data() {
            return malformed("The body is not JSON.");
        }
        let text = error.to_string();
        let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
        let missing =
            detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let field = missing.map_or(path, str::to_owned);
        let fields = vec![FieldError { field, detail: detail.clone() }];
        Refusal { fields, ..malformed(detail) }
    })?;
    reader.end().map_err(|_| malformed("There is something after the JSON."))?;
    Ok(value)
}
