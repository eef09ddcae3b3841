//! Chatting from a terminal. What is written while the server is away is sent once it is back.
//!
//!     cargo run --example terminal_chat -- --server 127.0.0.1:8080 --name ada

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use clap::Parser;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

#[allow(dead_code, reason = "each example needs a part of it")]
mod client;
use client::{Api, Client, News, Problem, text};

/// Messages are shown this long after they came: two that were sent at once may come in the wrong
/// order, and what stands on a terminal can't be put right.
const SORTED_WITHIN: Duration = Duration::from_millis(100);

#[derive(Parser)]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:8080")]
    server: String,
    /// A username; the account is made where there is none
    #[arg(long)]
    name: String,
    /// For a demo; somebody who matters has one of their own
    #[arg(long, env = "CHAT_PASSWORD", default_value = "only-a-demo")]
    password: String,
    #[arg(long, default_value = "lobby")]
    room: String,
}

struct Chat {
    api: Api,
    client: Client,
    room: String,
    me: String,
    /// Messages that were told and not shown yet, by their place.
    waiting: BTreeMap<String, Value>,
    show_at: Option<Instant>,
    /// The newest message that was shown, and the newest of one's own.
    shown: String,
    own: Option<String>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let api = Api::new(&arguments.server, &arguments.name, &arguments.password);
    let (room, me) = loop {
        match (api.enter(&arguments.room).await, api.user_id().await) {
            (Ok(room), Ok(me)) => break (room, me),
            (Err(problem), _) | (_, Err(problem)) => {
                println!("* {}", problem.detail);
                if !problem.is_passing() {
                    std::process::exit(1);
                }
            }
        }
        sleep(Duration::from_secs(1)).await;
    };
    println!("* {} in {}. /who /edit TEXT /delete /quit", arguments.name, arguments.room);
    let client = Client::start(api.clone(), &room, 20, None);
    let (waiting, shown) = (BTreeMap::new(), String::new());
    let mut chat = Chat { api, client, room, me, waiting, show_at: None, shown, own: None };
    let mut lines = lines();
    let mut reading = true;
    while reading || chat.client.unsent() > 0 || chat.show_at.is_some() {
        let show_at = chat.show_at.unwrap_or_else(Instant::now);
        tokio::select! {
            line = lines.recv(), if reading => match line.as_deref().map(str::trim) {
                None | Some("/quit") => reading = false,
                Some(line) => chat.command(line).await,
            },
            news = chat.client.next() => chat.take(news),
            () = sleep_until(show_at), if chat.show_at.is_some() => chat.show().await,
        }
    }
    // What was sent last comes back as an event.
    let end = Instant::now() + 3 * SORTED_WITHIN;
    while let Ok(news) = tokio::time::timeout_at(end, chat.client.next()).await {
        chat.take(news);
    }
    chat.show().await;
}

/// The lines of the standard input, read on a thread of their own.
fn lines() -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel(100);
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if terminal {
                // What was typed is shown where it stands in the conversation.
                print!("\x1b[1A\x1b[2K");
            }
            if tell.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Chat {
    async fn command(&mut self, line: &str) {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let done = match (command, &self.own) {
            ("", _) => Ok(()),
            ("/who", _) => self.who().await,
            ("/edit", Some(own)) => self.change(Method::PATCH, own, rest).await,
            ("/delete", Some(own)) => self.change(Method::DELETE, own, rest).await,
            ("/edit" | "/delete", None) => return println!("* nothing of yours is here yet"),
            _ if command.starts_with('/') => return println!("* {command} is not known"),
            _ => {
                self.client.send(line);
                Ok(())
            }
        };
        if let Err(problem) = done {
            println!("* not done: {}", problem.detail);
        }
    }

    async fn change(&self, method: Method, message: &str, words: &str) -> Result<(), Problem> {
        let path = format!("/rooms/{}/messages/{message}", self.room);
        self.api.call(method, &path, Some(&json!({ "text": words }))).await.map(|_| ())
    }

    async fn who(&self) -> Result<(), Problem> {
        let page = self.api.get(&format!("/rooms/{}/members", self.room)).await?;
        let members: Vec<_> = page["members"].as_array().into_iter().flatten().collect();
        let ids: Vec<_> = members.iter().map(|entry| text(&entry["user"]["id"])).collect();
        let presence = self.api.get(&format!("/presence?ids={}", ids.join(","))).await?;
        for entry in members {
            let is_this = |presence: &&Value| presence["user_id"] == entry["user"]["id"];
            let status = presence.as_array().into_iter().flatten().find(is_this);
            let status = status.map_or("not known yet", |presence| text(&presence["status"]));
            println!("* {} is {status}", text(&entry["user"]["username"]));
        }
        Ok(())
    }

    fn take(&mut self, news: News) {
        match news {
            News::Online => println!("* online"),
            News::Offline(why) => {
                println!("* offline ({why}); what you write is sent when the server is back");
            }
            News::Refused { text, why } => println!("* not sent: {text} ({why})"),
            News::Event(event) => {
                let id = text(&event["message"]["id"]).to_owned();
                if event["type"] == "message" && text(&event["room_id"]) == self.room {
                    self.waiting.insert(id, event["message"].clone());
                    self.show_at.get_or_insert(Instant::now() + SORTED_WITHIN);
                }
            }
            News::Cursor(_) => {}
        }
    }

    /// Shows what waits, in the order of the room.
    async fn show(&mut self) {
        self.show_at = None;
        for (id, message) in std::mem::take(&mut self.waiting) {
            let name = self.api.name_of(text(&message["author_id"])).await;
            let words = text(&message["text"]);
            if message["author_id"] == self.me && message["kind"] == "text" {
                self.own = Some(id.clone());
            }
            if message["deleted"] == true {
                println!("* a message of {name}'s was deleted");
            } else if message["kind"] != "text" {
                println!("* {name}: {}", text(&message["system"]["event"]));
            } else if message["version"] != message["id"] {
                println!("{name}: {words} (edited)");
            } else if id < self.shown {
                println!("{name}: {words} (earlier)");
            } else {
                println!("{name}: {words}");
            }
            self.shown = self.shown.clone().max(id);
        }
    }
}
