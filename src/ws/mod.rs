//! The live connections: WebSocket, and long polling for where that is blocked.

mod dispatch;
mod poll;
mod resume;
mod socket;
pub mod transport;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of the live connections.
pub fn routes(config: &mut ServiceConfig) {
    config.service(socket::open).service(poll::poll);
}
