//! People sign up, log in, look at themselves, refresh their token and log out.

use goose::goose::{GooseUser, TransactionResult};
use serde_json::json;

use crate::api::{self, Call};
use crate::run::Run;

pub async fn sign_up(user: &mut GooseUser, run: &Run) -> TransactionResult {
    let name = api::new_name();
    api::call(user, run, api::registration(&name)).await?;
    let tokens = api::call(user, run, api::login(&name)).await?;
    let me = api::call(user, run, Call::get("me", "/me", &api::access_token(&tokens))).await?;
    if me["username"] != name.as_str() {
        run.failed("wrong_person", &format!("{name} logged in and is {}", me["username"]));
    }
    let body = json!({"refresh_token": tokens["refresh_token"]});
    let tokens = api::call(user, run, Call::post("refresh", "/auth/refresh", "", body)).await?;
    let token = api::access_token(&tokens);
    api::call(user, run, Call::post("log out", "/auth/logout", &token, json!({}))).await?;
    Ok(())
}
