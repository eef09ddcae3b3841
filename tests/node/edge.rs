//! The edge: what every request meets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Api, Node};

#[tokio::test(flavor = "multi_thread")]
async fn every_error_is_a_problem_document_with_a_code() {
    let node = Node::start().await;
    let ada = node.person().await;
    let nobody = Api::nobody(node.address);
    let room = ada.room("public").await;
    let send = |who: &Api, method: &str, path: &str| {
        who.request(Method::from_bytes(method.as_bytes()).unwrap(), path)
    };
    let register = || send(&nobody, "POST", "/api/v1/auth/register");
    let json_type = "application/json";
    let large = json!({ "name": "x".repeat(70_000) }).to_string();
    let cases: Vec<(&str, reqwest::RequestBuilder, u16, &str)> = vec![
        ("no such route", send(&nobody, "GET", "/nothing/here"), 404, "not_found"),
        ("no such API route", send(&ada, "GET", "/api/v1/nothing"), 404, "not_found"),
        ("no such method", send(&ada, "PUT", "/api/v1/auth/login"), 405, "method_not_allowed"),
        (
            "no such method of a room",
            send(&ada, "PUT", &format!("/api/v1/rooms/{room}")),
            405,
            "method_not_allowed",
        ),
        ("no token", send(&nobody, "GET", "/api/v1/me"), 401, "unauthenticated"),
        (
            "nonsense for a token",
            send(&nobody, "GET", "/api/v1/me").bearer_auth("x.y.z"),
            401,
            "unauthenticated",
        ),
        (
            "another scheme",
            send(&nobody, "GET", "/api/v1/me").header("authorization", "Basic eA=="),
            401,
            "unauthenticated",
        ),
        ("no JSON", register().header("content-type", json_type).body("{"), 400, "malformed"),
        ("no object", register().header("content-type", json_type).body("[]"), 400, "malformed"),
        (
            "something after it",
            register().header("content-type", json_type).body("{} {}"),
            400,
            "malformed",
        ),
        (
            "not UTF-8",
            register().header("content-type", json_type).body(vec![0xff, 0xfe]),
            400,
            "malformed",
        ),
        ("no body", register().header("content-type", json_type), 400, "malformed"),
        (
            "another type",
            register().header("content-type", "text/plain").body("{}"),
            415,
            "unsupported_media_type",
        ),
        (
            "a form",
            register().header("content-type", "application/x-www-form-urlencoded").body("a=b"),
            415,
            "unsupported_media_type",
        ),
        ("no type", register().body("{}"), 415, "unsupported_media_type"),
        (
            "too large",
            send(&ada, "POST", "/api/v1/rooms").header("content-type", json_type).body(large),
            413,
            "payload_too_large",
        ),
        ("no id", send(&ada, "GET", "/api/v1/rooms/not-an-id"), 404, "not_found"),
        (
            "no id of a message",
            send(&ada, "DELETE", &format!("/api/v1/rooms/{room}/messages/1")),
            404,
            "not_found",
        ),
        (
            "an unknown room",
            send(&ada, "GET", "/api/v1/rooms/00000000-0000-0000-0000-000000000000"),
            404,
            "not_found",
        ),
        (
            "a query that can't be read",
            send(&ada, "GET", &format!("/api/v1/rooms/{room}/messages?limit=many")),
            400,
            "malformed",
        ),
        (
            "a page too long",
            send(&ada, "GET", &format!("/api/v1/rooms/{room}/messages?limit=201")),
            422,
            "invalid",
        ),
        ("a wait too long", send(&ada, "GET", "/api/v1/events?wait=51"), 422, "invalid"),
        ("no handshake", send(&nobody, "GET", "/api/v1/socket"), 400, "malformed"),
    ];
    for (what, request, status, code) in cases {
        let reply = nobody.send(request).await;
        assert_eq!(reply.refusal(), (status, code.to_owned()), "{what}: {}", reply.text);
        let problem = reply.json();
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(problem["type"], format!("urn:starling:error:{code}"), "{what}");
        assert_eq!(problem["request_id"], reply.header("x-request-id"), "{what}");
        for part in ["title", "detail", "advice"] {
            assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "{what}: {part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_missing_or_of_the_wrong_type_is_named() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let missing = nobody.post("/auth/login", json!({ "login": "ada" })).await;
    assert_eq!((missing.code(), missing.fields()), ("malformed".into(), vec!["password".into()]));
    let wrong = nobody.post("/auth/login", json!({ "login": 5, "password": "x" })).await;
    assert_eq!((wrong.code(), wrong.fields()), ("malformed".into(), vec!["login".into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_taken_at_its_limit_and_refused_one_byte_past() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    for (length, code) in [(64 * 1024, "malformed"), (64 * 1024 + 1, "payload_too_large")] {
        let frame = r#"{"login":""}"#.len();
        let body = format!(r#"{{"login":"{}"}}"#, "x".repeat(length - frame));
        let request = nobody.request(Method::POST, "/api/v1/auth/login");
        let request = request.header("content-type", "application/json").body(body);
        assert_eq!(nobody.send(request).await.code(), code, "{length} bytes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_at_all_harms_nobody() {
    let node = Node::start().await;
    for nonsense in ["\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let mut tcp = TcpStream::connect(node.address).await.unwrap();
        tcp.write_all(nonsense.as_bytes()).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut answer = String::new();
        let _ = tcp.read_to_string(&mut answer).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    node.person().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_are_told_that_they_may_ask() {
    let node = Node::with(&["--allowed-origins", "https://chat.example.org"]).await;
    let nobody = Api::nobody(node.address);
    let ask = async |method: Method, origin: &str| {
        let request = nobody.request(method, "/api/v1/auth/login").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        nobody.send(request.header("access-control-request-headers", "content-type")).await
    };
    let preflight = ask(Method::OPTIONS, "https://chat.example.org").await;
    assert_eq!(preflight.header("access-control-allow-origin"), "https://chat.example.org");
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    let reply = ask(Method::POST, "https://chat.example.org").await;
    assert_eq!(reply.header("access-control-allow-origin"), "https://chat.example.org");
    assert!(reply.header("vary").to_lowercase().contains("origin"));
    assert!(reply.header("access-control-expose-headers").contains("retry-after"));
    for origin in ["https://evil.example.org", "http://chat.example.org", "null"] {
        for method in [Method::OPTIONS, Method::POST] {
            let reply = ask(method, origin).await;
            assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_that_keep_a_browser_safe() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    for path in ["/", "/health/live", "/metrics", "/api/v1/me", "/nothing", "/openapi.json"] {
        let reply = nobody.send(nobody.request(Method::GET, path)).await;
        let policy = reply.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(reply.header(name), value, "{path}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_id_where_that_is_fit_to_be_logged() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let ask = async |id: &str| {
        let request = nobody.request(Method::GET, "/api/v1/me").header("x-request-id", id);
        nobody.send(request).await.header("x-request-id").to_owned()
    };
    assert_eq!(ask("from-the-proxy-1").await, "from-the-proxy-1");
    for unfit in ["short", "with space here", "semi;colon;semi", &"x".repeat(65)] {
        let given = ask(unfit).await;
        assert!(given != *unfit && given.len() == 32, "{unfit}: {given}");
    }
    assert_ne!(ask("").await, ask("").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_that_it_lives_and_is_ready() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    for (path, answer) in
        [("/health/live", (204, "")), ("/health/ready", (200, r#"{"degraded":[]}"#))]
    {
        let reply = nobody.send(nobody.request(Method::GET, path)).await;
        assert_eq!((reply.status, reply.text.as_str()), answer, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_have_an_address_of_their_own_are_on_no_other() {
    let node = Node::with(&["--metrics-listen", "127.0.0.1:0"]).await;
    let metrics_address = node.metrics_address().unwrap();
    let ask = async |address, path: &str| {
        let nobody = Api::nobody(address);
        nobody.send(nobody.request(Method::GET, path)).await
    };
    let told = ask(metrics_address, "/metrics").await;
    assert_eq!(told.status, 200);
    assert!(told.text.contains("starling_build_info{"), "{}", told.text);
    assert_eq!(told.header("content-type"), "text/plain; version=0.0.4");
    for path in ["/", "/health/live", "/openapi.json", "/api/v1/me", "/api/v1/socket"] {
        let refusal = ask(metrics_address, path).await.refusal();
        assert_eq!(refusal, (404, "not_found".into()), "{path}");
    }
    assert_eq!(ask(node.address, "/metrics").await.refusal(), (404, "not_found".into()));
    assert!(!ask(node.address, "/").await.text.contains("/metrics"));
    assert_eq!(ask(node.address, "/health/ready").await.status, 200);

    // The address is taken: a second one is refused, by the flag's name.
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_starling"))
        .args(["--listen", "127.0.0.1:0", "--web-client", "off", "--data"])
        .arg(tempfile::tempdir().unwrap().path())
        .args(["--metrics-listen", &metrics_address.to_string()])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let said = format!("It can't listen on {metrics_address} (--metrics-listen)");
    assert!(String::from_utf8_lossy(&second.stderr).contains(&said), "{second:?}");

    node.stop().await;
    assert!(std::net::TcpStream::connect(metrics_address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_help_and_what_is_promised() {
    let node = Node::start().await;
    let ada = node.person().await;
    let room = ada.room("public").await;
    let mut socket = ada.socket().await;
    socket.say(&room, "hello").await;
    socket.text("hello").await;
    ada.get("/rooms/nothing").await;
    let text = ada.send(ada.request(Method::GET, "/metrics")).await.text;
    for name in [
        "starling_connections",
        "starling_deliveries_total",
        "starling_publish_to_socket_seconds",
        "starling_store_commit_seconds",
        "starling_store_read_seconds",
        "starling_store_reads_total",
        "starling_bus_seconds",
        "starling_refusals_total",
        "starling_http_request_seconds",
        "starling_command_seconds",
        "starling_messages_total",
    ] {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help:\n{text}");
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has no type");
        let sample = |line: &str| line.starts_with(name) && !line.ends_with(" 0");
        assert!(text.lines().any(sample), "{name} has no value");
    }
    let ours = text.lines().filter(|line| line.starts_with("starling_"));
    for line in ours {
        let name = line.split(['{', ' ']).next().unwrap();
        let base =
            ["_bucket", "_sum", "_count"].iter().fold(name, |name, s| name.trim_end_matches(s));
        assert!(text.contains(&format!("# HELP {base} ")), "{name} is not described");
    }
    for secret in [&ada.username, &ada.id, &room, &ada.token] {
        assert!(!text.contains(secret.as_str()), "metrics name nobody and no room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_are_served_and_hold_together() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let openapi = nobody.send(nobody.request(Method::GET, "/openapi.json")).await;
    assert_eq!(openapi.header("content-type"), "application/json");
    let openapi = openapi.json();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3."));
    let paths = openapi["paths"].as_object().unwrap();
    for path in
        ["/api/v1/auth/login", "/api/v1/rooms/{id}/messages", "/api/v1/events", "/health/ready"]
    {
        assert!(paths.contains_key(path), "{path} is not described: {:?}", paths.keys());
    }
    assert_no_dangling_references(&openapi);

    let asyncapi = nobody.send(nobody.request(Method::GET, "/asyncapi.json")).await.json();
    assert_eq!(asyncapi["asyncapi"], "3.0.0");
    assert_eq!(asyncapi["channels"]["socket"]["address"], "/api/v1/socket");
    assert_no_dangling_references(&asyncapi);

    let protocol = nobody.send(nobody.request(Method::GET, "/docs/protocol.md")).await;
    assert_eq!(
        (protocol.status, protocol.header("content-type")),
        (200, "text/markdown; charset=utf-8")
    );
}

/// Every `$ref` of a document leads somewhere in it.
fn assert_no_dangling_references(document: &Value) {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.push(reference.clone());
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_runs_no_script_and_its_style_is_the_one_that_is_allowed() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let page = nobody.send(nobody.request(Method::GET, "/")).await;
    assert_eq!(page.status, 200);
    let lower = page.text.to_lowercase();
    for forbidden in
        ["<script", "javascript:", " onload=", " onclick=", " style=", "http://", "https://"]
    {
        assert!(!lower.contains(forbidden), "{forbidden}");
    }
    let style = page.text.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next());
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.unwrap().as_bytes());
    let source = format!("style-src 'sha256-{}'", STANDARD.encode(hash));
    assert!(page.header("content-security-policy").contains(&source), "{source}");
    for link in page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let reply = nobody.send(nobody.request(Method::GET, link)).await;
        assert!((200..300).contains(&reply.status), "{link}: {}", reply.status);
    }
}
