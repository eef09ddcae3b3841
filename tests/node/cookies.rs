//! Sessions whose refresh token is in a cookie.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Node, Reply, unique};

const PASSWORD: &str = "correct horse";

/// What a browser does: it keeps the cookie, and sends it along.
struct Browser {
    api: Api,
    cookie: Option<String>,
}

impl Browser {
    fn before(node: &Node) -> Self {
        Self { api: Api::nobody(node.address), cookie: None }
    }

    async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.post_from(path, body, &[]).await
    }

    async fn post_from(&mut self, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.api.request(Method::POST, &format!("/api/v1{path}")).json(&body);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; starling_refresh={cookie}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = self.api.send(request).await;
        if let Some(cookie) = Cookie::of(&reply) {
            self.cookie = Some(cookie.value).filter(|_| cookie.max_age > 0);
        }
        reply
    }

    async fn register(&mut self) -> Reply {
        let username = unique("person");
        let email = format!("{username}@example.org");
        let body =
            json!({ "username": username, "email": email, "password": PASSWORD, "cookie": true });
        let reply = self.post("/auth/register", body).await;
        self.api = self.api.with_tokens(&reply.json());
        reply
    }

    async fn refresh(&mut self) -> Reply {
        self.post("/auth/refresh", json!({ "cookie": true })).await
    }
}

/// What was set.
#[derive(Debug)]
struct Cookie {
    value: String,
    max_age: i64,
    attributes: Vec<String>,
}

impl Cookie {
    fn of(reply: &Reply) -> Option<Self> {
        let mut parts = reply.headers.get("set-cookie")?.to_str().unwrap().split("; ");
        let value = parts.next()?.strip_prefix("starling_refresh=")?.to_owned();
        let attributes: Vec<_> = parts.map(str::to_owned).collect();
        let max_age = attributes.iter().find_map(|part| part.strip_prefix("Max-Age="));
        Some(Self { value, max_age: max_age?.parse().ok()?, attributes })
    }

    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|part| part == attribute)
    }

    fn is_taken_back(reply: &Reply) -> bool {
        Self::of(reply).is_some_and(|cookie| cookie.value.is_empty() && cookie.max_age == 0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refresh_token_is_in_the_cookie_and_not_in_the_answer() {
    let node = Node::with(&["--session-days", "7"]).await;
    let mut browser = Browser::before(&node);
    let registered = browser.register().await;
    assert_eq!(registered.status, 201);
    let login = json!({ "login": browser.api.username, "password": PASSWORD, "cookie": true });
    let logged_in = browser.post("/auth/login", login).await;
    assert_eq!(logged_in.status, 200);
    let refreshed = browser.refresh().await;
    assert_eq!(refreshed.status, 200);
    for reply in [registered, logged_in, refreshed] {
        let cookie = Cookie::of(&reply).unwrap();
        assert!(cookie.value.len() > 40, "{cookie:?}");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
            assert!(cookie.has(attribute), "{attribute}: {cookie:?}");
        }
        assert!(!cookie.attributes.iter().any(|part| part.starts_with("Domain")), "{cookie:?}");
        let week = 7 * 24 * 3600;
        assert!((week - 60..=week).contains(&cookie.max_age), "{cookie:?}");
        assert!(reply.json().get("refresh_token").is_none(), "{}", reply.text);
        assert!(!reply.text.contains(&cookie.value), "{}", reply.text);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_no_cookie_is_given_none() {
    let node = Node::start().await;
    let ada = node.person().await;
    let login = json!({ "login": ada.username, "password": PASSWORD });
    let refresh = json!({ "refresh_token": ada.refresh_token });
    for (path, body) in [("/auth/login", login), ("/auth/refresh", refresh)] {
        let reply = ada.post(path, body).await;
        assert_eq!(reply.header("set-cookie"), "", "{path}");
        assert!(reply.json()["refresh_token"].is_string(), "{path}: {}", reply.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_replaces_the_cookie() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let mut seen = vec![browser.cookie.clone().unwrap()];
    for _ in 0..3 {
        let tokens = browser.refresh().await.ok();
        assert_eq!(tokens["session"]["id"], browser.api.session.as_str());
        browser.api.with_tokens(&tokens).get("/me").await.ok();
        let cookie = browser.cookie.clone().unwrap();
        assert!(!seen.contains(&cookie), "{seen:?}");
        seen.push(cookie);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cookie_nobody_is_logged_in() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    let reply = browser.refresh().await;
    assert_eq!(reply.refusal(), (401, "unauthenticated".into()));
    assert_eq!(reply.header("set-cookie"), "");
    // That it came is not enough: it has to be asked for.
    browser.register().await;
    let reply = browser.post("/auth/refresh", json!({})).await;
    assert_eq!(
        (reply.refusal(), reply.fields()),
        ((400, "malformed".into()), vec!["refresh_token".into()])
    );
    let reply = browser.post("/auth/refresh", json!({ "cookie": false })).await;
    assert_eq!(reply.refusal(), (400, "malformed".into()));
    browser.refresh().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_both_places_is_refused_and_stays_good() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let both = json!({ "cookie": true, "refresh_token": browser.cookie });
    let reply = browser.post("/auth/refresh", both).await;
    assert_eq!(
        (reply.refusal(), reply.fields()),
        ((422, "invalid".into()), vec!["refresh_token".into()])
    );
    browser.refresh().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_is_no_good_is_taken_back() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    for nonsense in ["", "x", "a.b.c.d", "%00", "\"quoted\""] {
        browser.cookie = Some(nonsense.to_owned());
        let reply = browser.refresh().await;
        assert_eq!(reply.refusal(), (401, "session_ended".into()), "{nonsense}");
        assert!(Cookie::is_taken_back(&reply), "{nonsense}: {:?}", reply.headers);
    }
    // Two generations old: somebody else has it.
    browser.register().await;
    let stolen = browser.cookie.clone();
    browser.refresh().await.ok();
    browser.refresh().await.ok();
    let newest = std::mem::replace(&mut browser.cookie, stolen);
    for cookie in [browser.cookie.clone(), newest] {
        browser.cookie = cookie;
        let reply = browser.refresh().await;
        assert_eq!(reply.refusal(), (401, "session_ended".into()));
        assert!(Cookie::is_taken_back(&reply));
    }
    // In the body it is nobody's cookie.
    let reply = browser.post("/auth/refresh", json!({ "refresh_token": "x" })).await;
    assert_eq!((reply.code(), reply.header("set-cookie")), ("session_ended".into(), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tabs_that_refresh_at_once_keep_one_session() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let cookie = browser.cookie.clone().unwrap();
    let refresh = async |_| {
        let mut tab = Browser { api: browser.api.clone(), cookie: Some(cookie.clone()) };
        tab.refresh().await.ok();
        tab.cookie.unwrap()
    };
    let cookies = futures_util::future::join_all((0..8).map(refresh)).await;
    assert!(cookies.iter().all(|cookie| *cookie == cookies[0]), "{cookies:?}");
    browser.cookie = Some(cookies[0].clone());
    browser.refresh().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_their_own_session_has_the_cookie_taken_back() {
    let node = Node::start().await;
    for way in ["logout", "this session", "all sessions"] {
        let mut browser = Browser::before(&node);
        browser.register().await;
        let session = format!("/me/sessions/{}", browser.api.session);
        let reply = match way {
            "logout" => browser.api.post("/auth/logout", json!({})).await,
            "this session" => browser.api.delete(&session).await,
            _ => browser.api.delete("/me/sessions").await,
        };
        assert_eq!(reply.status, 204, "{way}");
        assert!(Cookie::is_taken_back(&reply), "{way}: {:?}", reply.headers);
        assert!(Cookie::of(&reply).unwrap().has("Path=/api/v1/auth"), "{way}");
        // One that was kept all the same is good for nothing.
        assert_eq!(browser.refresh().await.code(), "session_ended", "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_other_sessions_keeps_the_cookie() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let other = browser.api.another_session().await;
    let reply = browser.api.delete(&format!("/me/sessions/{}", other.session)).await;
    assert_eq!((reply.status, reply.header("set-cookie")), (204, ""));
    let reply = browser.api.delete("/me/sessions?keep_current=true").await;
    assert_eq!((reply.status, reply.header("set-cookie")), (204, ""));
    browser.refresh().await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_can_do_nothing_with_the_cookie() {
    let node = Node::with(&["--allowed-origins", "https://chat.example.org"]).await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let kept = browser.cookie.clone();
    let login = json!({ "login": browser.api.username, "password": PASSWORD, "cookie": true });
    let account = json!({ "username": "eve", "email": "eve@example.org", "password": PASSWORD, "cookie": true });
    let refresh = json!({ "cookie": true });
    let asks = [("/auth/refresh", refresh), ("/auth/login", login), ("/auth/register", account)];
    for origin in
        ["https://evil.example.org", "http://chat.example.org", "null", "http://127.0.0.1:1"]
    {
        for (path, body) in &asks {
            let reply = browser.post_from(path, body.clone(), &[("origin", origin)]).await;
            assert_eq!(reply.refusal(), (403, "origin_refused".into()), "{path} from {origin}");
            assert_eq!(reply.header("set-cookie"), "", "{path} from {origin}");
            assert_eq!(reply.header("access-control-allow-credentials"), "");
        }
    }
    assert_eq!(browser.cookie, kept);
    let own = format!("http://{}", node.address);
    for origin in [own.as_str(), "https://chat.example.org"] {
        let reply = browser
            .post_from("/auth/refresh", json!({ "cookie": true }), &[("origin", origin)])
            .await;
        assert_eq!(reply.status, 200, "{origin}: {}", reply.text);
        // A listed origin may ask, but a browser does not send it the cookie along.
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_can_not_refresh() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let cookie = format!("starling_refresh={}", browser.cookie.clone().unwrap());
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let request =
            browser.api.request(Method::POST, "/api/v1/auth/refresh").header("cookie", &cookie);
        let request = request.header("content-type", kind).body(r#"{"cookie":true}"#);
        let reply = browser.api.send(request).await;
        assert_eq!(reply.refusal(), (415, "unsupported_media_type".into()), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_no_access_token() {
    let node = Node::start().await;
    let mut browser = Browser::before(&node);
    browser.register().await;
    let cookie = format!("starling_refresh={}", browser.cookie.clone().unwrap());
    let nobody = Api::nobody(node.address);
    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::GET, "/api/v1/events"),
    ] {
        let request = nobody.request(method, path).header("cookie", &cookie);
        assert_eq!(nobody.send(request).await.refusal(), (401, "unauthenticated".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_with_tls_the_cookie_is_secure() {
    let trusting = Node::with(&["--trusted-proxies", "127.0.0.1"]).await;
    let alone = Node::start().await;
    for (node, forwarded, secure) in [
        (&trusting, Some("https"), true),
        (&trusting, Some("HTTPS"), true),
        (&trusting, Some("http, https"), true),
        (&trusting, Some("https, http"), false),
        (&trusting, Some("http"), false),
        (&trusting, Some(""), false),
        (&trusting, None, false),
        // Anybody can write that.
        (&alone, Some("https"), false),
    ] {
        let mut browser = Browser::before(node);
        browser.register().await;
        let headers: Vec<_> =
            forwarded.map(|value| ("x-forwarded-proto", value)).into_iter().collect();
        let reply = browser.post_from("/auth/refresh", json!({ "cookie": true }), &headers).await;
        let cookie = Cookie::of(&reply).unwrap();
        assert_eq!(cookie.has("Secure"), secure, "{forwarded:?}: {cookie:?}");
        let mut request = browser.api.request(Method::POST, "/api/v1/auth/logout");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let cookie = Cookie::of(&browser.api.send(request).await).unwrap();
        assert_eq!(cookie.has("Secure"), secure, "{forwarded:?}, taken back: {cookie:?}");
    }
}
