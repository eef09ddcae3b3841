//! The web client, as a browser loads it.

use std::fs;
use std::path::Path;

use reqwest::Method;
use starling::app::App;
use starling::config::{Config, WebClient};
use tempfile::TempDir;

use crate::support::{Api, Node, Reply};

const INDEX: &str = "<!doctype html><title>Starling</title>";
const SCRIPT: &str = "export const hello = 1; // and so on, and so on";

/// A node that serves the client in this folder.
struct Served {
    folder: TempDir,
    node: Node,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("index.html", INDEX),
            ("index.html.br", "index in brotli"),
            ("index.html.gz", "index in gzip"),
            ("sw.js", "self.skipWaiting()"),
            ("manifest.webmanifest", "{}"),
            ("icon.svg", "<svg/>"),
            ("icon.png", "png"),
            ("data/de.json", "[]"),
            ("assets/main-D3adB33f.js", SCRIPT),
            ("assets/main-D3adB33f.js.br", "script in brotli"),
            ("assets/main-D3adB33f.js.gz", "script in gzip"),
            ("assets/main-D3adB33f.css", "body{}"),
            ("assets/inter-0a1b2c3d.woff2", "font"),
            ("archive.gz", "no form of another file"),
            ("unknown.kind", "?"),
        ] {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let node = Node::with(&["--web-client", folder.path().to_str().unwrap()]).await;
        Self { folder, node }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let nobody = Api::nobody(self.node.address);
        let mut request = nobody.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        nobody.send(request).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask(Method::GET, path, headers).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_has_its_type_and_is_kept_as_long_as_its_name_lasts() {
    let served = Served::start().await;
    let forever = "public, max-age=31536000, immutable";
    for (path, kind, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/icon.svg", "image/svg+xml", "no-cache"),
        ("/icon.png", "image/png", "no-cache"),
        ("/data/de.json", "application/json", "no-cache"),
        ("/archive.gz", "application/octet-stream", "no-cache"),
        ("/unknown.kind", "application/octet-stream", "no-cache"),
        ("/assets/main-D3adB33f.js", "text/javascript; charset=utf-8", forever),
        ("/assets/main-D3adB33f.css", "text/css; charset=utf-8", forever),
        ("/assets/inter-0a1b2c3d.woff2", "font/woff2", forever),
    ] {
        let reply = served.get(path, &[]).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(reply.header("content-type"), kind, "{path}");
        assert_eq!(reply.header("cache-control"), caching, "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        let tag = reply.header("etag");
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{path}: {tag}");
        let name = if path == "/" { "index.html" } else { &path[1..] };
        let file = fs::read_to_string(served.folder.path().join(name)).unwrap();
        assert_eq!(reply.text, file, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_load_what_this_server_has_and_nothing_inline() {
    let served = Served::start().await;
    // A worker's rules are those of its own script's answer.
    for path in ["/", "/rooms/1", "/sw.js", "/assets/main-D3adB33f.js"] {
        let reply = served.get(path, &[]).await;
        let policy: Vec<_> = reply.header("content-security-policy").split("; ").collect();
        let expected = [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types starling",
        ];
        assert_eq!(policy, expected, "{path}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path}: {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_is_sent_that_the_client_wants_most() {
    let served = Served::start().await;
    let script = "/assets/main-D3adB33f.js";
    for (path, wanted, coding, text) in [
        (script, "gzip, deflate, br, zstd", "br", "script in brotli"),
        (script, "gzip, deflate", "gzip", "script in gzip"),
        (script, "br;q=0.1, gzip;q=0.9", "gzip", "script in gzip"),
        (script, "br;q=0, gzip;q=0", "", SCRIPT),
        (script, "identity", "", SCRIPT),
        (script, "zstd", "", SCRIPT),
        (script, "*", "br", "script in brotli"),
        ("/", "gzip, br", "br", "index in brotli"),
        ("/rooms/1", "gzip", "gzip", "index in gzip"),
        // There is no other form of it.
        ("/icon.png", "gzip, br", "", "png"),
    ] {
        let reply = served.get(path, &[("accept-encoding", wanted)]).await;
        let found = (reply.header("content-encoding"), reply.text.as_str());
        assert_eq!(found, (coding, text), "{path}: {wanted}");
        assert!(reply.header("vary").contains("accept-encoding"), "{path}: {wanted}");
        assert_eq!(reply.header("content-length"), text.len().to_string(), "{path}: {wanted}");
    }
    // They are forms, not files.
    for path in ["/index.html.br", "/assets/main-D3adB33f.js.gz"] {
        assert_eq!(served.get(path, &[]).await.refusal(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_already_is_not_sent_again() {
    let served = Served::start().await;
    let mut tags = Vec::new();
    for (path, coding) in
        [("/", "identity"), ("/", "gzip"), ("/", "br"), ("/rooms/1", "br"), ("/sw.js", "br")]
    {
        let wanted = ("accept-encoding", coding);
        let first = served.get(path, &[wanted]).await;
        let tag = first.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
            let again = served.get(path, &[wanted, ("if-none-match", &known)]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{path} {coding}: {known}");
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                assert_eq!(again.header(name), first.header(name), "{path} {coding}: {name}");
            }
        }
        for unknown in ["\"x\"", "nonsense", ""] {
            let again = served.get(path, &[wanted, ("if-none-match", unknown)]).await;
            assert_eq!((again.status, &again.text), (200, &first.text), "{path}: {unknown}");
        }
        tags.push(tag);
    }
    // Each form has a tag of its own; the same page elsewhere has the same.
    assert_eq!(tags[2], tags[3]);
    tags.dedup();
    assert_eq!(tags.len(), 4, "{tags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn head_says_what_get_would_say() {
    let served = Served::start().await;
    for path in ["/", "/rooms/1", "/assets/main-D3adB33f.js", "/icon.png", "/nothing.js"] {
        let get = served.get(path, &[("accept-encoding", "br")]).await;
        let head = served.ask(Method::HEAD, path, &[("accept-encoding", "br")]).await;
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        let names = ["content-type", "content-encoding", "etag", "cache-control", "vary"];
        for name in names {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
        // But for a problem, whose `request_id` is another each time, of the same length.
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_into_the_client_opens_it() {
    let served = Served::start().await;
    let of_a_browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in [
        "/rooms/0198c1a2-0000-7000-8000-000000000000",
        "/log-in",
        "/rooms/1?message=2",
        "/settings/",
        "/apiary",
        "/one/two/three/four",
    ] {
        for accept in [of_a_browser, "*/*", "text/html"] {
            let reply = served.get(path, &[("accept", accept)]).await;
            assert_eq!((reply.status, reply.text.as_str()), (200, INDEX), "{path} {accept}");
            assert_eq!(reply.header("cache-control"), "no-cache", "{path}");
        }
        for accept in ["application/json", "image/avif,image/webp", "text/event-stream"] {
            let reply = served.get(path, &[("accept", accept)]).await;
            assert_eq!(reply.refusal(), (404, "not_found".into()), "{path} {accept}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_and_no_file_is_not_found() {
    let served = Served::start().await;
    for path in [
        "/api",
        "/api/v1/nothing",
        "/api/v2/rooms",
        "/health",
        "/health/nothing",
        "/metrics/nothing",
        "/docs",
        "/docs/nothing.md",
        "/docs/nothing",
        "/openapi.yaml",
        "/assets",
        "/assets/",
        "/assets/old-00000000.js",
        "/assets/main-D3adB33f",
        "/favicon.ico",
        "/rooms/nothing.js",
    ] {
        let reply = served.get(path, &[("accept", "text/html")]).await;
        assert_eq!(reply.refusal(), (404, "not_found".into()), "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        for path in ["/", "/rooms/1", "/sw.js"] {
            let reply = served.ask(method.clone(), path, &[]).await;
            assert_eq!(reply.refusal(), (404, "not_found".into()), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_goes_before_the_client() {
    let served = Served::start().await;
    for (path, status) in [
        ("/health/live", 204),
        ("/health/ready", 200),
        ("/metrics", 200),
        ("/openapi.json", 200),
        ("/asyncapi.json", 200),
        ("/docs/protocol.md", 200),
        ("/api/v1/me", 401),
    ] {
        let reply = served.get(path, &[("accept", "text/html")]).await;
        assert_eq!(reply.status, status, "{path}");
        assert!(!reply.text.contains(INDEX), "{path}");
    }
    let reply = served.ask(Method::PUT, "/api/v1/auth/login", &[]).await;
    assert_eq!(reply.refusal(), (405, "method_not_allowed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_out_of_the_folder() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let served = Served::start().await;
    let secret = served.folder.path().parent().unwrap().join("secret-beside-the-folder.txt");
    fs::write(&secret, "nobody's business").unwrap();
    let name = secret.file_name().unwrap().to_str().unwrap();
    // Written by hand: a client would tidy the path up.
    for path in [
        format!("/../{name}"),
        format!("/assets/../../{name}"),
        format!("/%2e%2e/{name}"),
        format!("/..%2f{name}"),
        format!("/%2e%2e%2f{name}"),
        format!("/..%5c{name}"),
        format!("/..\\{name}"),
        format!("//{}", secret.display()),
        secret.display().to_string(),
        "/../../../../../../etc/passwd".to_owned(),
        "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/assets/%00".to_owned(),
        "/%c0%ae%c0%ae/etc/passwd".to_owned(),
    ] {
        let mut tcp = tokio::net::TcpStream::connect(served.node.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).await.unwrap();
        let is_page = answer.starts_with("HTTP/1.1 200") && answer.ends_with(INDEX);
        let is_nothing = answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400");
        assert!(is_page || is_nothing, "{path}: {answer}");
        assert!(!answer.contains("business") && !answer.contains("root:"), "{path}: {answer}");
    }
    fs::remove_file(secret).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_client_there_is_a_front_page_that_says_so() {
    let node = Node::with(&["--web-client", "off"]).await;
    let nobody = Api::nobody(node.address);
    let page = nobody.send(nobody.request(Method::GET, "/")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("without the web client") && page.text.contains("make run"));
    let head = nobody.send(nobody.request(Method::HEAD, "/")).await;
    assert_eq!((head.status, head.header("content-type")), (200, "text/html; charset=utf-8"));
    for path in ["/rooms/1", "/index.html", "/sw.js"] {
        let reply = nobody.send(nobody.request(Method::GET, path)).await;
        assert_eq!(reply.refusal(), (404, "not_found".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_holds_no_client_is_refused_at_the_start() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path(), Path::new("/nowhere/at/all")] {
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            web_client: Some(WebClient::Folder(folder.to_owned())),
            data: data.path().to_owned(),
            listen: "127.0.0.1:0".parse().unwrap(),
            ..clap::Parser::parse_from(["starling"])
        };
        let error = App::start(&config).await.err().unwrap();
        let text = format!("{error:#}");
        assert!(text.contains("--web-client") && text.contains(folder.to_str().unwrap()), "{text}");
    }
}
