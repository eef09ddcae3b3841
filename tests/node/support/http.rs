//! People over HTTP.

use std::net::SocketAddr;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Socket, nonce, unique};

pub const PASSWORD: &str = "correct horse";

/// Somebody who is logged in; or nobody, where there is no token.
#[derive(Clone)]
pub struct Api {
    pub address: SocketAddr,
    client: reqwest::Client,
    pub token: String,
    pub refresh_token: String,
    /// Their user id.
    pub id: String,
    pub session: String,
    pub username: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text header"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body of an answer that went well.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }

    /// The status and the code of a refusal; an error that is no problem document has no code.
    pub fn refusal(&self) -> (u16, String) {
        let code = if self.header("content-type") == "application/problem+json" {
            self.json()["code"].as_str().unwrap_or("no code").to_owned()
        } else {
            format!("no problem document: {} {}", self.header("content-type"), self.text)
        };
        (self.status, code)
    }

    pub fn code(&self) -> String {
        self.refusal().1
    }

    /// The names of the fields that were refused.
    pub fn fields(&self) -> Vec<String> {
        let json = self.json();
        let fields = json["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().map(|f| f["field"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Api {
    pub fn nobody(address: SocketAddr) -> Self {
        Self {
            address,
            client: plain_client(),
            token: String::new(),
            refresh_token: String::new(),
            id: String::new(),
            session: String::new(),
            username: String::new(),
        }
    }

    /// The same person, at another server.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same person, with what a log-in gave.
    pub fn with_tokens(&self, tokens: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            token: text(&tokens["access_token"]),
            // It may be in a cookie.
            refresh_token: tokens["refresh_token"].as_str().unwrap_or_default().to_owned(),
            id: text(&tokens["user"]["id"]),
            session: text(&tokens["session"]["id"]),
            username: text(&tokens["user"]["username"]),
            ..self.clone()
        }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        request
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.try_send(request).await.expect("the server answers")
    }

    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, text: response.text().await? })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, &api(path))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, &api(path)).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PUT, &api(path)).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, &api(path)).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, &api(path))).await
    }

    /// Logs in once more, on another device.
    pub async fn another_session(&self) -> Self {
        let body = json!({ "login": self.username, "password": PASSWORD });
        self.with_tokens(&self.post("/auth/login", body).await.ok())
    }

    /// A room of this kind; its id.
    pub async fn room(&self, kind: &str) -> String {
        let room = self.post("/rooms", json!({ "kind": kind, "name": unique("room ") })).await.ok();
        room["room"]["id"].as_str().expect("an id").to_owned()
    }

    /// A room of this kind with these people; its id.
    pub async fn room_with(&self, kind: &str, people: &[&Self]) -> String {
        let room = self.room(kind).await;
        for person in people {
            let body = json!({ "user_id": person.id });
            self.post(&format!("/rooms/{room}/members"), body).await.ok();
        }
        room
    }

    /// Sends a message; its id.
    pub async fn say(&self, room: &str, text: &str) -> String {
        let body = json!({ "nonce": nonce(), "text": text });
        let sent = self.post(&format!("/rooms/{room}/messages"), body).await.ok();
        sent["message_id"].as_str().expect("an id").to_owned()
    }

    /// The newest page of a room's history, without system messages.
    pub async fn texts(&self, room: &str) -> Vec<Value> {
        let page = self.get(&format!("/rooms/{room}/messages?limit=200")).await.ok();
        let messages = page["messages"].as_array().cloned().unwrap_or_default();
        messages.into_iter().filter(|message| message["kind"] == "text").collect()
    }

    /// What a system message said, oldest first.
    pub async fn system_messages(&self, room: &str) -> Vec<Value> {
        let page = self.get(&format!("/rooms/{room}/messages?limit=200")).await.ok();
        let messages = page["messages"].as_array().cloned().unwrap_or_default();
        let system = messages.into_iter().filter(|message| message["kind"] == "system");
        system.map(|message| message["system"].clone()).collect()
    }

    /// The conversation with this room in one's own list.
    pub async fn conversation(&self, room: &str) -> Value {
        let list = self.get("/rooms").await.ok();
        let list = list["conversations"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|entry| entry["room"]["id"] == room).unwrap_or(Value::Null)
    }

    /// A socket that has caught up, from nothing.
    pub async fn socket(&self) -> Socket {
        Socket::log_in(self, None).await
    }

    /// A socket that resumes, and was told what it missed.
    pub async fn resume(&self, cursor: &str) -> Socket {
        Socket::log_in(self, Some(cursor)).await
    }

    /// One long poll.
    pub async fn poll(&self, cursor: Option<&str>, wait_s: u32) -> Reply {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        self.get(&format!("/events?wait={wait_s}{cursor}")).await
    }
}

fn api(path: &str) -> String {
    format!("/api/v1{path}")
}

/// A new person.
pub async fn register(address: SocketAddr) -> Api {
    let username = unique("person");
    let nobody = Api::nobody(address);
    let body = json!({
        "username": username,
        "email": format!("{username}@example.org"),
        "password": PASSWORD,
    });
    nobody.with_tokens(&nobody.post("/auth/register", body).await.ok())
}

/// It asks for no compression and undoes none, whatever other programs built with it want of the library.
fn plain_client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_gzip().no_brotli().no_deflate().no_zstd();
    client.build().expect("nothing is asked of it")
}
