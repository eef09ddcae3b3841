//! The HTTP API, as far as these users need it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goose::goose::{GooseMethod, GooseRequest, GooseUser, TransactionError};
use serde_json::{Value, json};
use starling_loadtest::wire::Refusal;
use tokio::time::sleep;

use crate::run::Run;

/// Why a transaction was given up; what went wrong was counted before.
pub type Failed = Box<TransactionError>;

const PASSWORD: &str = "correct horse battery";

/// How often what has to succeed is tried, and how long to wait between.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

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

/// What is answered to it; null where that is nothing. Anything but a success is counted.
pub async fn call(user: &mut GooseUser, run: &Run, call: Call<'_>) -> Result<Value, Failed> {
    match attempt(user, &call).await? {
        Ok(answer) => Ok(answer),
        Err(refusal) => Err(give_up(run, &call, &refusal).into()),
    }
}

/// The same before anything is measured: what may succeed later is tried again, as the request that
/// `make` then makes.
pub async fn prepare<'a>(
    user: &mut GooseUser,
    run: &Run,
    make: impl Fn() -> Call<'a>,
) -> Result<Value, Failed> {
    let mut attempts = 1;
    loop {
        let call = make();
        match attempt(user, &call).await? {
            Ok(answer) => return Ok(answer),
            Err(refusal) if attempts < ATTEMPTS && is_of_the_moment(&refusal) => {
                attempts += 1;
                sleep(PAUSE).await;
            }
            Err(refusal) => return Err(give_up(run, &call, &refusal).into()),
        }
    }
}

/// A limit is not: it is on, and ends after minutes.
fn is_of_the_moment(refusal: &Refusal) -> bool {
    refusal.is_worth_another_try() && refusal.code != "rate_limited"
}

/// Counts it, and says why.
fn give_up(run: &Run, call: &Call<'_>, refusal: &Refusal) -> String {
    let Refusal { code, detail, .. } = refusal;
    run.failed(code, &format!("{}: {detail}", call.name));
    format!("{}: {code}", call.name)
}

async fn attempt(user: &mut GooseUser, call: &Call<'_>) -> Result<Result<Value, Refusal>, Failed> {
    let path = format!("/api/v1{}", call.path);
    let mut request = user.get_request_builder(&call.method, &path)?;
    if !call.token.is_empty() {
        request = request.bearer_auth(call.token);
    }
    if let Some(body) = &call.body {
        request = request.json(body);
    }
    let request = GooseRequest::builder().name(call.name).set_request_builder(request).build();
    let answer = match user.request(request).await?.response {
        Ok(answer) => {
            let status = answer.status().as_u16();
            answer.bytes().await.map(|body| (status, body))
        }
        Err(error) => Err(error),
    };
    Ok(match answer {
        Ok((200..300, body)) => Ok(serde_json::from_slice(&body).unwrap_or_default()),
        Ok((status, body)) => Err(Refusal::of_response(status, &body)),
        Err(error) => Err(Refusal {
            code: "no_answer".to_owned(),
            detail: error.to_string(),
            advice: "retry".to_owned(),
            retry_after_ms: None,
        }),
    })
}

/// A name that nobody else has, in this run or an earlier one.
pub fn new_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("goose-{:x}-{:x}-{number}", now.as_millis(), std::process::id())
}

/// A request that makes an account; the answer has its tokens.
pub fn registration(name: &str) -> Call<'static> {
    let email = format!("{name}@example.org");
    let body = json!({"username": name, "email": email, "password": PASSWORD});
    Call::post("register", "/auth/register", "", body)
}

/// A request that logs in; the answer has the tokens.
pub fn login(name: &str) -> Call<'static> {
    Call::post("log in", "/auth/login", "", json!({"login": name, "password": PASSWORD}))
}

/// A new account's access token.
pub async fn new_token(user: &mut GooseUser, run: &Run) -> Result<String, Failed> {
    // Each time with another name: an attempt may have come through without an answer.
    let tokens = prepare(user, run, || registration(&new_name())).await?;
    Ok(access_token(&tokens))
}

pub fn access_token(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap_or_default().to_owned()
}
