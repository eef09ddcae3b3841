//! The HTTP interface: the routes, on one screen; the handlers, by noun.

pub mod accounts;
mod cookie;
pub mod edge;
pub mod extract;
pub mod messages;
pub mod people;
pub mod problem;
pub mod rooms;
pub mod site;
pub mod system;

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

/// Where the API stands.
pub const API: &str = "/api/v1";

/// Everything but the live connections.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(system::live)
        .service(system::ready)
        .service(system::metrics)
        .service(
            scope::scope("/api/v1/auth")
                .service(accounts::register)
                .service(accounts::login)
                .service(accounts::refresh)
                .service(accounts::logout),
        )
        .service(
            scope::scope("/api/v1/me")
                .service(accounts::me)
                .service(accounts::change_password)
                .service(accounts::sessions)
                .service(accounts::revoke_sessions)
                .service(accounts::revoke_session)
                .service(people::choose_presence),
        )
        .service(
            scope::scope("/api/v1/users")
                .service(people::users)
                .service(people::by_username)
                .service(people::user),
        )
        .service(scope::scope("/api/v1/presence").service(people::presence))
        .service(scope::scope("/api/v1/direct").service(rooms::open_direct))
        .service(
            scope::scope("/api/v1/rooms")
                .service(rooms::conversations)
                .service(rooms::create)
                .service(rooms::public)
                .service(rooms::details)
                .service(rooms::change)
                .service(rooms::delete)
                .service(rooms::join)
                .service(rooms::leave)
                .service(rooms::members)
                .service(rooms::add_member)
                .service(rooms::change_member)
                .service(rooms::remove_member)
                .service(messages::history)
                .service(messages::send)
                .service(messages::edit)
                .service(messages::delete)
                .service(messages::seen_by)
                .service(messages::react)
                .service(messages::unreact)
                .service(messages::mark)
                .service(messages::typing),
        );
}
