//! Accounts and sessions.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use starling::domain::window::Limit;

use crate::support::{Api, Node, PATIENCE, Reply, unique};

const PASSWORD: &str = "correct horse";

fn account(username: &str) -> Value {
    json!({
        "username": username, "email": format!("{username}@example.org"), "password": PASSWORD,
    })
}

fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_registers_and_is_who_they_say() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let body = with(account("Ada"), "display_name", " Ada Lovelace ");
    let reply = nobody.post("/auth/register", with(body, "device", "phone")).await;
    assert_eq!(reply.status, 201);
    let tokens = reply.ok();
    assert_eq!(tokens["user"]["username"], "Ada");
    assert_eq!(tokens["session"]["device"], "phone");
    assert_eq!(tokens["session"]["current"], true);

    let me = nobody.with_tokens(&tokens).get("/me").await.ok();
    assert_eq!(me["display_name"], "Ada Lovelace");
    assert_eq!(me["email"], "Ada@example.org");
    assert_eq!(me["presence"], "auto");

    for login in ["ada", "ADA", "ada@EXAMPLE.org"] {
        let body = json!({ "login": login, "password": PASSWORD });
        let tokens = nobody.post("/auth/login", body).await.ok();
        assert_eq!(tokens["user"]["id"], me["id"], "{login}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_a_hash_are_never_answered() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let reply = nobody.post("/auth/register", account("ada")).await;
    assert!(!reply.text.contains("argon2") && !reply.text.contains(PASSWORD), "{}", reply.text);
    let me = nobody.with_tokens(&reply.json()).get("/me").await;
    assert!(!me.text.contains("argon2") && !me.text.contains(PASSWORD), "{}", me.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_is_named_at_its_limit_and_one_past() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let long_email = |length: usize| format!("a@{}", "b".repeat(length - 2));
    let cases: Vec<(&str, Value, bool)> = vec![
        ("username", "abc".into(), true),
        ("username", "ab".into(), false),
        ("username", "x".repeat(32).into(), true),
        ("username", "x".repeat(33).into(), false),
        ("username", "with space".into(), false),
        ("email", long_email(254).into(), true),
        ("email", long_email(255).into(), false),
        ("email", "nobody".into(), false),
        ("password", "12345678".into(), true),
        ("password", "1234567".into(), false),
        ("password", "ä".repeat(256).into(), true),
        ("password", "ä".repeat(257).into(), false),
        ("display_name", "ä".repeat(64).into(), true),
        ("display_name", "ä".repeat(65).into(), false),
        ("display_name", " ".into(), false),
        ("device", "x".repeat(64).into(), true),
        ("device", "x".repeat(65).into(), false),
    ];
    for (field, value, fits) in cases {
        let body = with(account(&unique("somebody")), field, value.clone());
        let reply = nobody.post("/auth/register", body).await;
        if fits {
            assert_eq!(reply.status, 201, "{field} {value}: {}", reply.text);
        } else {
            assert_eq!(reply.refusal(), (422, "invalid".into()), "{field} {value}");
            assert_eq!(reply.fields(), [field], "{value}");
        }
    }
    let all_wrong = json!({ "username": "?", "email": "?", "password": "?" });
    let reply = nobody.post("/auth/register", all_wrong).await;
    let fields: HashSet<_> = reply.fields().into_iter().collect();
    assert_eq!(
        fields,
        ["username", "email", "password"].map(String::from).into(),
        "without the display name, which is the username"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once_however_many_want_it_at_once() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let attempt = async |number: usize| {
        let name = if number.is_multiple_of(2) { "Ada" } else { "aDA" };
        let body = with(account(name), "email", format!("a{number}@example.org"));
        nobody.post("/auth/register", body).await
    };
    let replies = join_all((0..16).map(attempt)).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    assert!(refused.iter().all(|reply| reply.refusal() == (409, "username_taken".into())));

    let attempt = async |number: usize| {
        let body = with(account(&format!("other{number}")), "email", "One@example.org");
        nobody.post("/auth/register", body).await
    };
    let replies = join_all((0..16).map(attempt)).await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(made.len(), 1);
    assert!(refused.iter().all(|reply| reply.refusal() == (409, "email_taken".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_account_is_the_admin_and_only_that_one() {
    let node = Node::start().await;
    let nobody = Api::nobody(node.address);
    let names: Vec<_> = (0..8).map(|_| unique("early")).collect();
    let replies =
        join_all(names.iter().map(|name| nobody.post("/auth/register", account(name)))).await;
    let admins = replies.into_iter().filter(|reply| reply.json()["user"]["role"] == "admin");
    assert_eq!(admins.count(), 1);
    let late = nobody.post("/auth/register", account(&unique("late"))).await.ok();
    assert_eq!(late["user"]["role"], "user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_name_and_a_wrong_password_are_refused_alike() {
    let node = Node::start().await;
    let ada = node.person().await;
    let nobody = Api::nobody(node.address);
    let mut replies = Vec::new();
    for (login, password) in
        [(ada.username.as_str(), "wrong horse"), ("nobody", PASSWORD), ("", "")]
    {
        let reply =
            nobody.post("/auth/login", json!({ "login": login, "password": password })).await;
        assert_eq!(reply.refusal(), (401, "wrong_credentials".into()));
        let mut body = reply.json();
        body["request_id"] = Value::Null;
        replies.push(body);
    }
    assert!(replies.iter().all(|reply| *reply == replies[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_logout_neither_token_is_good() {
    let node = Node::start().await;
    let ada = node.person().await;
    let other = ada.another_session().await;
    assert_eq!(ada.post("/auth/logout", json!({})).await.status, 204);
    assert_eq!(ada.get("/me").await.refusal(), (401, "session_ended".into()));
    let refresh = json!({ "refresh_token": ada.refresh_token });
    assert_eq!(ada.post("/auth/refresh", refresh).await.refusal(), (401, "session_ended".into()));
    other.get("/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_replaces_the_token() {
    let node = Node::start().await;
    let ada = node.person().await;
    let tokens =
        ada.post("/auth/refresh", json!({ "refresh_token": ada.refresh_token })).await.ok();
    let renewed = ada.with_tokens(&tokens);
    assert_ne!(renewed.refresh_token, ada.refresh_token);
    assert_eq!(renewed.session, ada.session);
    renewed.get("/me").await.ok();
    let tokens =
        ada.post("/auth/refresh", json!({ "refresh_token": renewed.refresh_token })).await.ok();
    assert_ne!(tokens["refresh_token"], renewed.refresh_token.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_refresh_at_the_same_moment_get_the_same_successor() {
    let node = Node::start().await;
    let ada = node.person().await;
    let refresh = async |_| {
        ada.post("/auth/refresh", json!({ "refresh_token": ada.refresh_token })).await.ok()
    };
    let replies = join_all((0..8).map(refresh)).await;
    let tokens: HashSet<_> =
        replies.iter().map(|reply| reply["refresh_token"].to_string()).collect();
    assert_eq!(tokens.len(), 1);
    let next = json!({ "refresh_token": replies[0]["refresh_token"] });
    ada.post("/auth/refresh", next).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_token_that_comes_back_ends_the_session_and_its_sockets() {
    let node = Node::start().await;
    let ada = node.person().await;
    let mut socket = ada.socket().await;
    let mut token = ada.refresh_token.clone();
    for _ in 0..2 {
        let tokens = ada.post("/auth/refresh", json!({ "refresh_token": token })).await.ok();
        token = tokens["refresh_token"].as_str().unwrap().to_owned();
    }
    // Two generations old: no two tabs at the same moment.
    let stolen = json!({ "refresh_token": ada.refresh_token });
    assert_eq!(ada.post("/auth/refresh", stolen).await.refusal(), (401, "session_ended".into()));
    let newest = json!({ "refresh_token": token });
    assert_eq!(ada.post("/auth/refresh", newest).await.refusal(), (401, "session_ended".into()));
    assert_eq!(socket.close_code().await, Some(4002));
    assert_eq!(ada.get("/me").await.refusal(), (401, "session_ended".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_refresh_token_is_refused() {
    let node = Node::start().await;
    let ada = node.person().await;
    let eve = node.person().await;
    let (session, rest) = eve.refresh_token.split_once('.').unwrap();
    let forged = ada.refresh_token.replace(&ada.refresh_token[..session.len()], session);
    assert!(!rest.is_empty());
    for token in ["", "x", "a.b.c.d", &forged, &ada.token] {
        let reply = eve.post("/auth/refresh", json!({ "refresh_token": token })).await;
        assert_eq!(reply.refusal(), (401, "session_ended".into()), "{token}");
    }
    eve.get("/me").await.ok();
    ada.get("/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_with_their_devices() {
    let node = Node::start().await;
    let ada = node.person().await;
    let body = json!({ "login": ada.username, "password": PASSWORD, "device": "tablet" });
    let request = ada.request(reqwest::Method::POST, "/api/v1/auth/login").json(&body);
    let tokens = ada.send(request.header("user-agent", "Browser/1")).await.ok();
    let tablet = ada.with_tokens(&tokens);
    let sessions = tablet.get("/me/sessions").await.ok();
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let of = |id: &str| sessions.iter().find(|session| session["id"] == id).unwrap().clone();
    let session = of(&tablet.session);
    assert_eq!(session["device"], "tablet");
    assert_eq!(session["user_agent"], "Browser/1");
    assert_eq!(session["address"], "127.0.0.1");
    assert_eq!(session["current"], true);
    assert_eq!(of(&ada.session)["current"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_closes_its_sockets_and_no_others() {
    let node = Node::start().await;
    let ada = node.person().await;
    let lost = ada.another_session().await;
    let (mut socket, mut lost_socket) = (ada.socket().await, lost.socket().await);
    let mut lost_too = lost.socket().await;
    assert_eq!(ada.delete(&format!("/me/sessions/{}", lost.session)).await.status, 204);
    assert_eq!(lost_socket.close_code().await, Some(4002));
    assert_eq!(lost_too.close_code().await, Some(4002));
    assert_eq!(lost.get("/me").await.code(), "session_ended");
    socket.event("sessions").await;
    socket.ok(json!({ "type": "activity", "idle": false })).await;
    assert_eq!(ada.delete(&format!("/me/sessions/{}", lost.session)).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_revokes_the_session_of_somebody_else() {
    let node = Node::start().await;
    let [ada, eve] = node.people().await;
    let reply = eve.delete(&format!("/me/sessions/{}", ada.session)).await;
    assert_eq!(reply.refusal(), (404, "not_found".into()));
    ada.get("/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_end_at_once_with_or_without_ones_own() {
    let node = Node::start().await;
    let ada = node.person().await;
    let (phone, tablet) = (ada.another_session().await, ada.another_session().await);
    let (mut mine, mut theirs) = (ada.socket().await, phone.socket().await);
    assert_eq!(ada.delete("/me/sessions?keep_current=true").await.status, 204);
    assert_eq!(theirs.close_code().await, Some(4002));
    assert_eq!(tablet.get("/me").await.code(), "session_ended");
    mine.ok(json!({ "type": "activity", "idle": true })).await;
    assert_eq!(ada.delete("/me/sessions").await.status, 204);
    assert_eq!(mine.close_code().await, Some(4002));
    assert_eq!(ada.get("/me").await.code(), "session_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_waits_is_told_when_its_session_ends() {
    let node = Node::start().await;
    let ada = node.person().await;
    let lost = ada.another_session().await;
    let cursor = lost.poll(None, 0).await.ok()["cursor"].as_str().unwrap().to_owned();
    let waiting = tokio::spawn({
        let (lost, cursor) = (lost.clone(), cursor.clone());
        async move { lost.poll(Some(&cursor), 50).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ada.delete(&format!("/me/sessions/{}", lost.session)).await.status, 204);
    let told = tokio::time::timeout(PATIENCE, waiting).await.expect("it is answered").unwrap();
    assert!(told.status == 200 || told.code() == "session_ended", "{}", told.text);
    assert_eq!(lost.poll(Some(&cursor), 0).await.refusal(), (401, "session_ended".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_the_other_sessions() {
    let node = Node::start().await;
    let ada = node.person().await;
    let other = ada.another_session().await;
    let (mut mine, mut theirs) = (ada.socket().await, other.socket().await);
    let wrong = json!({ "current_password": "wrong horse", "new_password": "battery staple" });
    assert_eq!(ada.post("/me/password", wrong).await.refusal(), (401, "wrong_credentials".into()));
    let short = json!({ "current_password": PASSWORD, "new_password": "short" });
    let reply = ada.post("/me/password", short).await;
    assert_eq!((reply.code(), reply.fields()), ("invalid".into(), vec!["new_password".into()]));
    other.get("/me").await.ok();

    let right = json!({ "current_password": PASSWORD, "new_password": "battery staple" });
    assert_eq!(ada.post("/me/password", right).await.status, 204);
    assert_eq!(theirs.close_code().await, Some(4002));
    mine.ok(json!({ "type": "activity", "idle": true })).await;
    let log_in = async |password: &str| {
        ada.post("/auth/login", json!({ "login": ada.username, "password": password })).await.status
    };
    assert_eq!((log_in(PASSWORD).await, log_in("battery staple").await), (401, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_to_an_account_are_limited_and_the_answer_says_until_when() {
    let node = Node::with(&["--limit-logins-to-account", "3/15m"]).await;
    let (ada, eve) = (node.person().await, node.person().await);
    let wrong = json!({ "login": ada.username, "password": "wrong horse" });
    for _ in 0..3 {
        assert_eq!(ada.post("/auth/login", wrong.clone()).await.code(), "wrong_credentials");
    }
    let right = json!({ "login": ada.username.to_uppercase(), "password": PASSWORD });
    let reply = ada.post("/auth/login", right).await;
    assert_eq!(reply.refusal(), (429, "rate_limited".into()));
    let number = |name: &str| reply.header(name).parse::<u64>().expect(name);
    assert!((1..=900).contains(&number("retry-after")));
    assert_eq!((number("ratelimit-limit"), number("ratelimit-remaining")), (3, 0));
    assert!((1..=900).contains(&number("ratelimit-reset")));
    let retry_after_ms = reply.json()["retry_after_ms"].as_u64().unwrap();
    assert!((1..=900_000).contains(&retry_after_ms));
    assert_eq!(reply.json()["advice"], "retry");
    eve.another_session().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_from_an_address_are_limited_whoever_it_is() {
    let node = Node::with(&[
        "--limit-logins-from-address",
        "2/15m",
        "--trusted-proxies",
        "10.1.2.3,127.0.0.0/8",
    ])
    .await;
    let nobody = Api::nobody(node.address);
    let register = async |from: &str| {
        let request = nobody.request(reqwest::Method::POST, "/api/v1/auth/register");
        let request = request.header("x-forwarded-for", from).json(&account(&unique("anybody")));
        nobody.send(request).await.status
    };
    assert_eq!(register("203.0.113.1").await, 201);
    assert_eq!(register("198.51.100.9, 203.0.113.1").await, 201, "what stands before is hearsay");
    assert_eq!(register("203.0.113.1").await, 429);
    assert_eq!(register("203.0.113.2").await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_vouches_for_is_not_believed() {
    let node = Node::with(&["--limit-logins-from-address", "1/15m"]).await;
    let nobody = Api::nobody(node.address);
    let mut statuses = Vec::new();
    for from in ["203.0.113.1", "203.0.113.2"] {
        let request = nobody.request(reqwest::Method::POST, "/api/v1/auth/register");
        let request = request.header("x-forwarded-for", from).json(&account(&unique("anybody")));
        statuses.push(nobody.send(request).await.status);
    }
    assert_eq!(statuses, [201, 429]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_person_are_limited_on_all_their_devices_together() {
    let node = Node::configured(&[], |config| {
        config.limit_api = Limit { most: 3, per_ms: 60_000 };
    })
    .await;
    let [ada, eve] = node.people().await;
    let phone = ada.another_session().await;
    let first = ada.get("/me").await;
    let limits = ["ratelimit-limit", "ratelimit-remaining"].map(|name| first.header(name));
    assert_eq!((first.status, limits), (200, ["3", "2"]));
    assert_eq!(phone.get("/me").await.header("ratelimit-remaining"), "1");
    assert_eq!(ada.get("/me").await.header("ratelimit-remaining"), "0");
    let refused = phone.get("/me").await;
    assert_eq!(refused.refusal(), (429, "rate_limited".into()));
    assert!((1..=60).contains(&refused.header("retry-after").parse().unwrap()));
    assert_eq!(eve.get("/me").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_ends_when_its_time_is_over() {
    let node = Node::configured(&[], |config| {
        config.limit_api = Limit { most: 2, per_ms: 300 };
    })
    .await;
    let ada = node.person().await;
    let mut refused = 0;
    for _ in 0..20 {
        let reply = ada.get("/me").await;
        if reply.status == 429 {
            refused += 1;
            let wait = reply.json()["retry_after_ms"].as_u64().unwrap();
            assert!(wait <= 300);
            tokio::time::sleep(Duration::from_millis(wait + 5)).await;
            assert_eq!(ada.get("/me").await.status, 200, "it said when");
        }
    }
    assert!(refused > 0 || cfg!(not(debug_assertions)), "nothing was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_whose_token_expired_is_closed_unless_it_was_renewed() {
    let node = Node::configured(&[], |config| config.access_token_s = 3).await;
    let ada = node.person().await;
    let mut forgotten = ada.socket().await;
    let mut renewed = ada.socket().await;
    let expired = ada.token.clone();
    // Kept up as a client does, by refreshing before the token ends.
    let keeping = async {
        let mut refresh_token = ada.refresh_token.clone();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let body = json!({ "refresh_token": refresh_token });
            let tokens = ada.post("/auth/refresh", body).await.ok();
            refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
            renewed.ok(json!({ "type": "renew", "token": tokens["access_token"] })).await;
        }
    };
    let code = tokio::select! {
        () = keeping => unreachable!(),
        code = forgotten.close_code() => code,
    };
    assert_eq!(code, Some(4001));
    assert_eq!(ada.get("/me").await.refusal(), (401, "unauthenticated".into()));
    assert_eq!(
        renewed.refused(json!({ "type": "renew", "token": expired })).await,
        "unauthenticated"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_renewed_only_with_a_token_of_its_own_session() {
    let node = Node::start().await;
    let [ada, eve] = node.people().await;
    let other = ada.another_session().await;
    let mut socket = ada.socket().await;
    for (token, code) in [
        (&eve.token, "forbidden"),
        (&other.token, "forbidden"),
        (&"nonsense".to_owned(), "unauthenticated"),
    ] {
        assert_eq!(socket.refused(json!({ "type": "renew", "token": token })).await, code);
    }
    socket.ok(json!({ "type": "renew", "token": ada.token })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_id_and_by_name() {
    let node = Node::start().await;
    let [ada, bob] = node.people().await;
    let path = format!("/users/by-username/{}", bob.username.to_uppercase());
    assert_eq!(ada.get(&path).await.ok()["id"], bob.id.as_str());
    let one = ada.get(&format!("/users/{}", bob.id)).await;
    assert!(!one.text.contains("example.org"), "an e-mail address is its owner's alone");
    let nobody = uuid::Uuid::new_v4();
    let both = ada.get(&format!("/users?ids={},{nobody},{}", bob.id, ada.id)).await.ok();
    assert_eq!(both.as_array().unwrap().len(), 2);
    assert_eq!(ada.get(&format!("/users/{nobody}")).await.code(), "not_found");
    let many = vec![bob.id.as_str(); 201].join(",");
    assert_eq!(ada.get(&format!("/users?ids={many}")).await.fields(), ["ids"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_ins_holds_up_no_message() {
    let node = Node::with(&["--password-memory-kib", "19456", "--password-passes", "2"]).await;
    let ada = node.person().await;
    let room = ada.room("private").await;
    let mut socket = ada.socket().await;
    let nobody = Api::nobody(node.address);
    let flood = tokio::spawn(async move {
        let body = json!({ "login": "nobody-at-all", "password": PASSWORD });
        join_all((0..120).map(|_| nobody.post("/auth/login", body.clone()))).await
    });
    for n in 0..50 {
        socket.say(&room, &format!("message {n}")).await;
    }
    // Hashing takes seconds: fifty messages were stored while most of them still waited.
    assert!(!flood.is_finished());
    let codes: Vec<_> = flood.await.expect("it ends").iter().map(Reply::refusal).collect();
    let wrong = (401, "wrong_credentials".to_owned());
    let busy = (503, "overloaded".to_owned());
    assert!(codes.iter().all(|code| *code == wrong || *code == busy), "{codes:?}");
    assert!(codes.contains(&wrong) && codes.contains(&busy));
}
