//! A bot that echoes what others write in a public room, each message exactly once, whatever happens
//! to it or to the server meanwhile.
//!
//!     cargo run --example echo_bot -- --server 127.0.0.1:8080 --room lobby --file bot.json

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;

#[allow(dead_code, reason = "each example needs a part of it")]
mod client;
use client::{Api, Client, News, text};

/// An echo's nonce is this and the id of what it answers. So it can be sent as often as one likes,
/// and every bot knows it for an echo.
const MARK: &str = "echo-";
const LONGEST: usize = 3_900;

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:8080")]
    server: String,
    #[arg(long, default_value = "echo")]
    name: String,
    /// For a demo; a bot that matters has one of its own
    #[arg(long, env = "CHAT_PASSWORD", default_value = "only-a-demo")]
    password: String,
    #[arg(long, default_value = "lobby")]
    room: String,
    /// Where the bot keeps how far it has come; without it, it begins anew at each start
    #[arg(long)]
    file: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let api = Api::new(&arguments.server, &arguments.name, &arguments.password);
    let (room, me) = loop {
        match (api.enter(&arguments.room).await, api.user_id().await) {
            (Ok(room), Ok(me)) => break (room, me),
            (Err(problem), _) | (_, Err(problem)) => println!("* {}", problem.detail),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let mut client = Client::start(api.clone(), &room, 0, arguments.file.as_deref());
    let mut answered = HashSet::new();
    loop {
        match client.next().await {
            News::Online => println!("* online in {}", arguments.room),
            News::Offline(why) => println!("* offline: {why}"),
            News::Refused { text, why } => println!("* not sent: {text} ({why})"),
            News::Event(event) if text(&event["room_id"]) == room => {
                let message = &event["message"];
                let Some(words) = to_echo(message, &me) else { continue };
                let id = text(&message["id"]);
                if answered.insert(id.to_owned()) {
                    println!("{}: {words}", api.name_of(text(&message["author_id"])).await);
                    let words: String = words.chars().take(LONGEST).collect();
                    // An earlier life of this bot may have sent it. Then nothing is made twice.
                    client.send_as(&format!("{MARK}{id}"), &format!("echo: {words}"), true);
                }
            }
            News::Event(_) | News::Cursor(_) => {}
        }
    }
}

/// What a person wrote; nothing of the bot's own, and nothing that a bot echoed.
fn to_echo<'a>(message: &'a Value, me: &str) -> Option<&'a str> {
    let from_a_bot = text(&message["nonce"]).starts_with(MARK);
    let mine = message["author_id"] == me;
    let words = text(&message["text"]);
    let said = message["kind"] == "text" && !words.is_empty();
    (said && !mine && !from_a_bot).then_some(words)
}
