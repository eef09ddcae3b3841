//! The documents that are made from the code: `OpenAPI` for HTTP, `AsyncAPI` for the socket.

use serde_json::{Map, Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::protocol::client::ClientFrame;
use crate::protocol::codes::{CloseCode, ErrorCode};
use crate::protocol::server::ServerFrame;
use crate::protocol::{Event, SUBPROTOCOL};
use crate::{http, ws};

/// The `OpenAPI` document, as JSON.
pub fn openapi() -> String {
    let (_, mut api): (_, OpenApi) = actix_web::App::new()
        .into_utoipa_app()
        .configure(http::routes)
        .configure(ws::routes)
        .split_for_parts();
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    api.info = InfoBuilder::new()
        .title("Starling")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The HTTP interface. Times are milliseconds since 1970, ids are UUIDs. Every error is \
             `application/problem+json` with a stable `code`; `docs/protocol.md` has the table.",
        ))
        .license(Some(license))
        .build();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    api.components.get_or_insert_with(Components::new).add_security_scheme("token", scheme);
    let json = api.to_pretty_json().expect("the document is plain data");
    json + "\n"
}

/// The `AsyncAPI` 3.0 document, as JSON.
pub fn asyncapi() -> String {
    let mut schemas = Map::new();
    add::<ClientFrame>(&mut schemas);
    add::<ServerFrame>(&mut schemas);
    add::<Event>(&mut schemas);
    let message = |name: &str, title: &str| json!({ "title": title, "contentType": "application/json", "payload": { "$ref": format!("#/components/schemas/{name}") } });
    let errors: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| json!({ "code": code.as_str(), "status": code.status(), "advice": code.advice(), "meaning": code.meaning() }))
        .collect();
    let closes: Vec<_> = CloseCode::ALL
        .iter()
        .map(|code| json!({ "code": code.code(), "advice": code.advice(), "meaning": code.meaning() }))
        .collect();
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Starling",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The frames on the socket: JSON in text frames. `docs/protocol.md` tells how they go together.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": format!("{}/socket", http::API),
                "description": format!("One connection for each device. The subprotocol is `{SUBPROTOCOL}`."),
                "messages": {
                    "command": { "$ref": "#/components/messages/command" },
                    "reply": { "$ref": "#/components/messages/reply" },
                    "event": { "$ref": "#/components/messages/event" },
                },
                "bindings": { "ws": { "method": "GET" } },
            },
        },
        "operations": {
            "send": {
                "action": "receive",
                "title": "What a client sends",
                "channel": { "$ref": "#/channels/socket" },
                "messages": [{ "$ref": "#/channels/socket/messages/command" }],
            },
            "hear": {
                "action": "send",
                "title": "What a client is sent",
                "channel": { "$ref": "#/channels/socket" },
                "messages": [
                    { "$ref": "#/channels/socket/messages/reply" },
                    { "$ref": "#/channels/socket/messages/event" },
                ],
            },
        },
        "components": {
            "messages": {
                "command": message("ClientFrame", "A command"),
                "reply": message("ServerFrame", "An answer, or word of the connection itself"),
                "event": message("Event", "Something that happened"),
            },
            "schemas": schemas,
        },
        "x-error-codes": errors,
        "x-close-codes": closes,
    });
    serde_json::to_string_pretty(&document).expect("the document is plain data") + "\n"
}

fn add<T: ToSchema + PartialSchema>(schemas: &mut Map<String, Value>) {
    let mut all = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut all);
    for (name, schema) in all {
        schemas.insert(name, serde_json::to_value(schema).expect("a schema is plain data"));
    }
}
