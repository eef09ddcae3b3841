//! The HTTP side: logging in, tokens, and whatever is asked.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// A token is replaced this long before it runs out.
const EARLY: Duration = Duration::from_mins(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// The text in a value, or none.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Why something was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: String,
    /// A sentence for a person.
    pub detail: String,
    advice: String,
    pub wait: Option<Duration>,
}

impl Problem {
    pub fn of(error: &Value) -> Self {
        Self {
            code: text(&error["code"]).to_owned(),
            detail: text(&error["detail"]).to_owned(),
            advice: text(&error["advice"]).to_owned(),
            wait: error["retry_after_ms"].as_u64().map(Duration::from_millis),
        }
    }

    pub fn offline(reason: &dyn Display) -> Self {
        let (code, advice) = ("offline".to_owned(), "retry".to_owned());
        Self { code, detail: reason.to_string(), advice, wait: None }
    }

    /// Whether the same may be tried again.
    pub fn is_passing(&self) -> bool {
        matches!(self.advice.as_str(), "retry" | "resume" | "log_in")
    }
}

struct Tokens {
    access: String,
    refresh: String,
    until: Instant,
    user_id: String,
}

/// One account on one server. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    /// Host and port.
    server: String,
    name: String,
    password: String,
    tokens: Mutex<Option<Tokens>>,
    names: Mutex<HashMap<String, String>>,
}

impl Api {
    /// The account is made where there is none.
    pub fn new(server: &str, name: &str, password: &str) -> Self {
        Self(Arc::new(Inner {
            http: reqwest::Client::builder().timeout(ANSWER_WITHIN).build().unwrap_or_default(),
            server: server.to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
            tokens: Mutex::default(),
            names: Mutex::default(),
        }))
    }

    pub fn server(&self) -> &str {
        &self.0.server
    }

    pub async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.call(Method::GET, path, None).await
    }

    /// Asks as the account. Waits where the server says when to try again.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        for _ in 0..3 {
            let token = self.token().await?;
            match self.ask(method.clone(), path, Some(&token), body).await {
                Err(problem) if problem.advice == "log_in" => self.forget_token().await,
                Err(Problem { wait: Some(wait), .. }) => sleep(wait).await,
                answer => return answer,
            }
        }
        let token = self.token().await?;
        self.ask(method, path, Some(&token), body).await
    }

    /// A token that is good for a while.
    pub async fn token(&self) -> Result<String, Problem> {
        let mut tokens = self.0.tokens.lock().await;
        if let Some(tokens) = tokens.as_ref().filter(|tokens| tokens.until > Instant::now() + EARLY)
        {
            return Ok(tokens.access.clone());
        }
        let refreshed = match tokens.as_ref() {
            Some(Tokens { refresh, .. }) => {
                let body = json!({ "refresh_token": refresh });
                match self.ask(Method::POST, "/auth/refresh", None, Some(&body)).await {
                    Err(problem) if problem.advice == "log_in" => None,
                    answer => Some(answer?),
                }
            }
            None => None,
        };
        let answer = match refreshed {
            Some(answer) => answer,
            None => self.log_in().await?,
        };
        let lasts = Duration::from_secs(answer["expires_in_s"].as_u64().unwrap_or(0));
        let new = Tokens {
            access: text(&answer["access_token"]).to_owned(),
            refresh: text(&answer["refresh_token"]).to_owned(),
            until: Instant::now() + lasts,
            user_id: text(&answer["user"]["id"]).to_owned(),
        };
        let access = new.access.clone();
        *tokens = Some(new);
        Ok(access)
    }

    async fn log_in(&self) -> Result<Value, Problem> {
        let (name, password) = (&self.0.name, &self.0.password);
        let body = json!({ "login": name, "password": password, "device": "example" });
        let wrong = match self.ask(Method::POST, "/auth/login", None, Some(&body)).await {
            Err(problem) if problem.code == "wrong_credentials" => problem,
            answer => return answer,
        };
        let email = format!("{name}@example.org");
        let body = json!({ "username": name, "email": email, "password": password });
        match self.ask(Method::POST, "/auth/register", None, Some(&body)).await {
            Err(problem) if problem.code == "username_taken" => Err(wrong),
            answer => answer,
        }
    }

    /// When a socket should be given the next token.
    pub async fn renew_at(&self) -> Instant {
        let tokens = self.0.tokens.lock().await;
        let now = Instant::now();
        tokens.as_ref().map_or(now, |tokens| tokens.until - EARLY).max(now + EARLY / 12)
    }

    /// The server did not take the token: the next one is fetched anew.
    pub async fn forget_token(&self) {
        if let Some(tokens) = self.0.tokens.lock().await.as_mut() {
            tokens.until = Instant::now();
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, Problem> {
        let offline = |error: reqwest::Error| Problem::offline(&error.without_url());
        let url = format!("http://{}/api/v1{path}", self.0.server);
        let mut request = self.0.http.request(method, url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(offline)?;
        let refused = !response.status().is_success();
        let body = response.bytes().await.map_err(offline)?;
        let answer = serde_json::from_slice(&body).unwrap_or_default();
        if refused { Err(Problem::of(&answer)) } else { Ok(answer) }
    }

    /// One's own id.
    pub async fn user_id(&self) -> Result<String, Problem> {
        self.token().await?;
        let tokens = self.0.tokens.lock().await;
        Ok(tokens.as_ref().map(|tokens| tokens.user_id.clone()).unwrap_or_default())
    }

    /// What a person is called; asked once.
    pub async fn name_of(&self, user: &str) -> String {
        let mut names = self.0.names.lock().await;
        if !names.contains_key(user) {
            match self.get(&format!("/users/{user}")).await {
                Ok(person) => names.insert(user.to_owned(), text(&person["username"]).to_owned()),
                Err(_) => return user.chars().take(8).collect(),
            };
        }
        names.get(user).cloned().unwrap_or_default()
    }

    /// Joins the public room of this name, the oldest where there are several, and makes one where
    /// there is none. Its id.
    pub async fn enter(&self, name: &str) -> Result<String, Problem> {
        loop {
            let (mut found, mut before) = (None, String::new());
            loop {
                let page = self.get(&format!("/rooms/public{before}")).await?;
                // Newest first: the last with the name is the oldest.
                let rooms = page["rooms"].as_array().into_iter().flatten();
                let mut named = rooms.filter(|details| details["room"]["name"] == name);
                found = named
                    .next_back()
                    .map(|details| text(&details["room"]["id"]).to_owned())
                    .or(found);
                let Some(next) = page["next"].as_str() else { break };
                before = format!("?before={next}");
            }
            if let Some(room) = found {
                self.call(Method::POST, &format!("/rooms/{room}/join"), None).await?;
                return Ok(room);
            }
            // Made, and looked for again: somebody else may have made one at the same time.
            let room = json!({ "kind": "public", "name": name });
            self.call(Method::POST, "/rooms", Some(&room)).await?;
        }
    }
}
