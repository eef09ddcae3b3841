//! The documents that are made from the code: `OpenAPI` for HTTP, `AsyncAPI` for the socket, and the
//! tables that stand in `docs/`.

use std::fmt::Write;

use clap::CommandFactory;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, License, OpenApi, PathItem, Ref, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;

use crate::config::Config;
use crate::domain::permissions::{Action, Actor, allowed};
use crate::protocol::client::ClientFrame;
use crate::protocol::codes::{Advice, CloseCode, ErrorCode};
use crate::protocol::server::ServerFrame;
use crate::protocol::{Event, Role, RoomKind, SUBPROTOCOL};
use crate::{http, observe, ws};

const OF_EVERY_TOKEN: &[(&str, &str, &str)] = &[
    ("401", "NotLoggedIn", "`unauthenticated`, `session_ended`"),
    ("429", "TooMany", "`rate_limited`; `retry-after` says when to try again"),
    ("503", "Unavailable", "`storage_unavailable`, `overloaded`, `shutting_down`"),
];

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
    let components = api.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", scheme);
    // What each request with a token may be answered stands in one place.
    for (status, name, codes) in OF_EVERY_TOKEN {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(*codes)
            .content("application/problem+json", problem)
            .build();
        components.responses.insert((*name).to_owned(), response.into());
        let all = api.paths.paths.values_mut().flat_map(|path| {
            let PathItem { get, put, post, delete, patch, .. } = path;
            [get, put, post, delete, patch].into_iter().flatten()
        });
        for operation in all.filter(|operation| operation.security.is_some()) {
            let responses = &mut operation.responses.responses;
            responses
                .entry((*status).to_owned())
                .or_insert_with(|| Ref::from_response_name(*name).into());
        }
    }
    let json = api.to_pretty_json().expect("the document is plain data");
    json + "\n"
}

/// The `AsyncAPI` 3.0 document, as JSON.
pub fn asyncapi() -> String {
    let mut schemas = Map::new();
    add::<ClientFrame>(&mut schemas);
    add::<ServerFrame>(&mut schemas);
    add::<Event>(&mut schemas);
    // A member has a version, and so is a `Changed` as well: not exactly one of the answers.
    if let Some(answer) = schemas.get_mut("Answer").and_then(Value::as_object_mut)
        && let Some(answers) = answer.remove("oneOf")
    {
        answer.insert("anyOf".to_owned(), answers);
    }
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

/// The table of error codes, in Markdown.
pub fn error_table() -> String {
    let rows = ErrorCode::ALL.iter().map(|code| {
        [
            quoted(code.as_str()),
            code.status().to_string(),
            advice(code.advice()),
            code.meaning().to_owned(),
        ]
    });
    table(["code", "HTTP status", "advice", "meaning"], rows)
}

/// The table of close codes, in Markdown.
pub fn close_table() -> String {
    let rows = CloseCode::ALL
        .iter()
        .map(|code| [code.code().to_string(), advice(code.advice()), code.meaning().to_owned()]);
    table(["code", "advice", "meaning"], rows)
}

/// The table of metrics, in Markdown.
pub fn metrics_table() -> String {
    let rows = observe::table().map(|metric| {
        let label = if metric.label.is_empty() { String::new() } else { quoted(metric.label) };
        [quoted(metric.name), metric.kind().to_owned(), label, metric.help.to_owned()]
    });
    table(["metric", "type", "label", "what it counts or measures"], rows)
}

/// Who may do what in a room, in Markdown.
pub fn permissions() -> String {
    const ROOMS: &[RoomKind] = &[RoomKind::Public, RoomKind::Private];
    const ALL: &[RoomKind] = &[RoomKind::Public, RoomKind::Private, RoomKind::Direct];
    let actor = |role, server_admin| Actor { role, server_admin };
    // In a direct conversation both are members, and nobody is more.
    let actors = [
        (actor(None, false), ALL),
        (actor(Some(Role::Member), false), ALL),
        (actor(Some(Role::Admin), false), ROOMS),
        (actor(Some(Role::Owner), false), ROOMS),
        (actor(None, true), ALL),
    ];
    let rows = ACTIONS.iter().map(|action| {
        let may = |(actor, kinds): (Actor, &[RoomKind])| {
            let where_allowed: Vec<_> =
                kinds.iter().filter(|kind| allowed(**kind, actor, *action)).collect();
            if where_allowed.is_empty() {
                return "-".to_owned();
            }
            if where_allowed.len() == kinds.len() {
                return "yes".to_owned();
            }
            let names = where_allowed.into_iter().map(|kind| match kind {
                RoomKind::Public => "public",
                RoomKind::Private => "private",
                RoomKind::Direct => "direct",
            });
            names.collect::<Vec<_>>().join(", ")
        };
        let [outsider, member, admin, owner, server_admin] = actors.map(may);
        [describe(*action).to_owned(), outsider, member, admin, owner, server_admin]
    });
    let head = ["action", "outsider", "member", "admin", "owner", "server admin, not a member"];
    format!(
        "# Who may do what in a room

This page is made from `domain::permissions::allowed`, which decides it.

- **outsider**: somebody with an account who is not in the room. What they may not find is answered
  with `not_found`, as if it did not exist; what they may not do with `forbidden`.
- **member**, **admin**, **owner**: the role in the room. A room has one owner, who made it or was
  handed it. The two people of a direct conversation are members.
- **server admin**: the first account of the server, here in a room that they are not in. In a room
  that they are in they may do what their role says, and in public rooms this as well.

A cell names the kinds of rooms in which it is allowed; `yes` is all of them, `-` none.

{}
An owner does not leave; they hand the room over first, and are an admin then (`owner_must_stay`).
System messages are edited and deleted by nobody.
",
        table(head, rows)
    )
}

const ACTIONS: &[Action] = &[
    Action::Find,
    Action::Join,
    Action::Read,
    Action::Write,
    Action::EditOwn,
    Action::DeleteOwn,
    Action::DeleteOther(None),
    Action::DeleteOther(Some(Role::Member)),
    Action::DeleteOther(Some(Role::Admin)),
    Action::DeleteOther(Some(Role::Owner)),
    Action::Leave,
    Action::Add,
    Action::Remove(Role::Member),
    Action::Remove(Role::Admin),
    Action::Remove(Role::Owner),
    Action::SetRole(Role::Member, Role::Admin),
    Action::SetRole(Role::Admin, Role::Member),
    Action::SetRole(Role::Admin, Role::Owner),
    Action::SetRole(Role::Owner, Role::Member),
    Action::Change,
    Action::DeleteRoom,
];

fn describe(action: Action) -> &'static str {
    match action {
        Action::Find => "find it: name, description, number of members",
        Action::Join => "join",
        Action::Read => "read its history, its members, its events",
        Action::Write => "send, react, write, say how far one has read",
        Action::EditOwn => "edit an own message",
        Action::DeleteOwn => "delete an own message",
        Action::DeleteOther(None) => "delete a message of somebody who has left",
        Action::DeleteOther(Some(Role::Member)) => "delete a member's message",
        Action::DeleteOther(Some(Role::Admin)) => "delete an admin's message",
        Action::DeleteOther(Some(Role::Owner)) => "delete the owner's message",
        Action::Leave => "leave",
        Action::Add => "add somebody",
        Action::Remove(Role::Member) => "remove a member",
        Action::Remove(Role::Admin) => "remove an admin",
        Action::Remove(Role::Owner) => "remove the owner",
        Action::SetRole(Role::Owner, _) => "take the owner's role from them",
        Action::SetRole(_, Role::Admin) => "make somebody an admin",
        Action::SetRole(_, Role::Member) => "make an admin a member again",
        Action::SetRole(_, Role::Owner) => "hand the room over",
        Action::Change => "change name, description, whether it is public",
        Action::DeleteRoom => "delete the room",
    }
}

/// Every flag, in Markdown.
pub fn configuration() -> String {
    let command = Config::command();
    let rows = command.get_arguments().filter_map(|argument| {
        let flag = argument.get_long()?;
        let value = argument.get_value_names().and_then(<[_]>::first).map_or("", |name| name);
        let variable = argument.get_env().map(|name| quoted(&name.to_string_lossy()));
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        // Where the default depends on something, the help text says on what.
        let (help, said) = match help.split_once(" [default: ") {
            Some((help, said)) => (help.to_owned(), Some(said.trim_end_matches(']').to_owned())),
            None => (help, None),
        };
        let default = argument.get_default_values().first();
        let default = default.map(|default| quoted(&default.to_string_lossy())).or(said);
        Some([
            quoted(&format!("--{flag} {value}")),
            variable.unwrap_or_default(),
            default.unwrap_or_default(),
            help,
        ])
    });
    format!(
        "# Configuration

This page is made from the program's own flags; `starling --help` says the same. Each flag may be
given as an environment variable instead; the flag goes before. A wrong value is refused at start
with a sentence that names it. Units stand in the names and texts.

{}
A limit is written as `NUMBER/TIME`: `5/10s`, `100/1m`, `1000/1h`; at most 10,000 in its time; or
`off`. Lists are separated by commas.

Secrets are best given as files (`--signing-keys`, `--redis-password-file`, `--scylla-password-file`,
`--sentry-dsn-file`): what stands in a flag is shown in the list of processes, and an environment variable in
the records of whatever starts the server. Each but the keys is the one line of its file.

`starling [FLAGS] migrate` serves nobody: it brings ScyllaDB's tables up to what the program knows,
ahead of an upgrade, and ends. It needs the `--scylla-...` flags alone.
",
        table(["flag", "environment variable", "default", "what it is"], rows)
    )
}

fn advice(advice: Advice) -> String {
    let name = serde_json::to_value(advice).expect("a name is plain data");
    quoted(name.as_str().unwrap_or_default())
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = String::new();
    let mut line = |cells: [String; N]| {
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        writeln!(text, "| {} |", cells.join(" | ")).expect("a text takes what is written to it");
    };
    line(head.map(str::to_owned));
    line(head.map(|_| "---".to_owned()));
    rows.for_each(line);
    text
}
