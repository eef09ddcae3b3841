//! The HTTP API, as far as these users need it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use goose::goose::{GooseMethod, GooseRequest, GooseUser, TransactionError};
use serde_json::{Value, json};
use starling_loadtest::wire::Refusal;

use crate::run::Run;

/// Why a transaction was given up; what went wrong was counted before.
pub type Failed = Box<TransactionError>;

const PASSWORD: &str = "correct horse battery";

/// One request.
pub struct Call<'a> {
    /// In Goose's tables.
    name: &'a str,
    method: GooseMethod,
    path: &'a str,
    token: &'a str,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    pub fn get(name: &'a str, path: &'a str, token: &'a str) -> Self {
        Self { name, method: GooseMethod::Get, path, token, body: None }
    }

    /// An empty `token` is none.
    pub fn post(name: &'a str, path: &'a str, token: &'a str, body: Value) -> Self {
        Self { name, method: GooseMethod::Post, path, token, body: Some(body) }
    }
}

/// What is answered to it; null where that is nothing.
pub async fn call(user: &mut GooseUser, run: &Run, call: Call<'_>) -> Result<Value, Failed> {
    let path = format!("/api/v1{}", call.path);
    let mut request = user.get_request_builder(&call.method, &path)?;
    if !call.token.is_empty() {
        request = request.bearer_auth(call.token);
    }
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    let request = GooseRequest::builder().name(call.name).set_request_builder(request).build();
    let (status, body) = match user.request(request).await?.response {
        Ok(answer) => (answer.status().as_u16(), answer.bytes().await),
        Err(error) => (0, Err(error)),
    };
    let name = call.name;
    let body = body.map_err(|error| {
        run.failed("no_answer", &format!("{name}: {error}"));
        format!("{name}: there was no answer")
    })?;
    if !(200..300).contains(&status) {
        let Refusal { code, detail, .. } = Refusal::of_response(status, &body);
        run.failed(&code, &format!("{name}: {detail} ({status})"));
        return Err(format!("{name}: {code}").into());
    }
    Ok(serde_json::from_slice(&body).unwrap_or_default())
}

/// A name that nobody else has, in this run or an earlier one.
pub fn new_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("goose-{:x}-{:x}-{number}", now.as_millis(), std::process::id())
}

/// Makes an account; the answer has its tokens.
pub async fn register(user: &mut GooseUser, run: &Run, name: &str) -> Result<Value, Failed> {
    let email = format!("{name}@example.org");
    let body = json!({"username": name, "email": email, "password": PASSWORD});
    call(user, run, Call::post("register", "/auth/register", "", body)).await
}

pub async fn log_in(user: &mut GooseUser, run: &Run, name: &str) -> Result<Value, Failed> {
    let body = json!({"login": name, "password": PASSWORD});
    call(user, run, Call::post("log in", "/auth/login", "", body)).await
}

/// A new account's access token.
pub async fn new_token(user: &mut GooseUser, run: &Run) -> Result<String, Failed> {
    let tokens = register(user, run, &new_name()).await?;
    Ok(access_token(&tokens))
}

pub fn access_token(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap_or_default().to_owned()
}
