//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "swarm",
    version,
    about = "Load, faults and a history checker for a Starling server"
)]
pub struct Options {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Makes accounts, rooms and memberships, and keeps them in the state file.
    Setup(Setup),
    /// Paced traffic: latency, loss, duplicates and order at a given rate of deliveries.
    Load(Load),
    /// Senders that each wait for the acknowledgement before they send again.
    Send(Send),
    /// Connections made ready a second, and the server's memory for each.
    Connect(Connect),
    /// The highest rate of one large room at which latency keeps within a bound.
    Flood(Flood),
    /// One large room in which some stop reading: what it does to the others.
    Stuck(Stuck),
    /// Chats through faults, keeps all that every client was told, and checks it.
    History(History),
    /// What the swarm itself costs for each delivery, without a server.
    SelfTest(SelfTest),
}

/// What every mode needs.
#[derive(Args, Clone)]
pub struct Common {
    /// A node of the server, as address and port; may be given several times.
    #[arg(long = "server", default_value = "127.0.0.1:8080")]
    pub servers: Vec<SocketAddr>,
    /// Where accounts and rooms are kept between runs.
    #[arg(long, default_value = "swarm.json")]
    pub state: PathBuf,
    /// Threads of the swarm itself.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Connections that are being made at the same time.
    #[arg(long, default_value_t = 128)]
    pub in_flight: usize,
    /// HTTP connections that accounts and rooms are made over.
    #[arg(long, default_value_t = 64)]
    pub parallel: usize,
    /// Process of the server, whose processor time and memory are told; may be given several times.
    #[arg(long = "server-pid")]
    pub server_pids: Vec<u32>,
    /// A file with the number of such a process, read again each time, so that a process that was
    /// started anew is followed; may be given several times.
    #[arg(long = "server-pid-file")]
    pub server_pid_files: Vec<PathBuf>,
    /// Prints the result as one JSON object too.
    #[arg(long)]
    pub json: bool,
}

impl Common {
    /// The server's processes as they are now.
    pub fn pids(&self) -> Vec<u32> {
        let files = self.server_pid_files.iter().filter_map(|file| crate::usage::pid_in(file));
        self.server_pids.iter().copied().chain(files).collect()
    }

    pub fn knows_processes(&self) -> bool {
        !self.server_pids.is_empty() || !self.server_pid_files.is_empty()
    }
}

#[derive(Args)]
pub struct Setup {
    #[command(flatten)]
    pub common: Common,
    #[arg(long, default_value_t = 1_000)]
    pub users: usize,
    /// Members of a room.
    #[arg(long, default_value_t = 50)]
    pub rooms_of: usize,
    #[arg(long, default_value_t = 1)]
    pub rooms_per_user: usize,
}

/// How long and with what a mode makes traffic.
#[derive(Args, Clone)]
pub struct Timing {
    /// How long is measured, in seconds.
    #[arg(long, default_value_t = 20.0)]
    pub seconds: f64,
    /// Traffic before that, which is not measured, in seconds.
    #[arg(long, default_value_t = 3.0)]
    pub warmup: f64,
    /// How long to wait for what is under way at the end, in seconds.
    #[arg(long, default_value_t = 10.0)]
    pub drain: f64,
    /// Length of a message's text.
    #[arg(long, default_value_t = 64)]
    pub text_bytes: usize,
}

#[derive(Args)]
pub struct Load {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub timing: Timing,
    /// Connections; each is another person's.
    #[arg(long, default_value_t = 1_000)]
    pub users: usize,
    /// Members of a room.
    #[arg(long, default_value_t = 50)]
    pub rooms_of: usize,
    #[arg(long, default_value_t = 1)]
    pub rooms_per_user: usize,
    /// Deliveries a second in all: with rooms of M this makes 1/M as many messages.
    #[arg(long, default_value_t = 20_000.0)]
    pub rate: f64,
}

#[derive(Args)]
pub struct Send {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub timing: Timing,
    #[arg(long, default_value_t = 64)]
    pub senders: usize,
    /// Members of a room, one of whom sends.
    #[arg(long, default_value_t = 2)]
    pub rooms_of: usize,
    /// Messages that a sender has unacknowledged.
    #[arg(long, default_value_t = 1)]
    pub window: u32,
}

#[derive(Args)]
pub struct Connect {
    #[command(flatten)]
    pub common: Common,
    /// Connections; each is another person's.
    #[arg(long, default_value_t = 10_000)]
    pub users: usize,
    /// Members of a room.
    #[arg(long, default_value_t = 50)]
    pub rooms_of: usize,
    #[arg(long, default_value_t = 1)]
    pub rooms_per_user: usize,
    /// How long the connections are then held, in seconds.
    #[arg(long, default_value_t = 5.0)]
    pub hold: f64,
}

#[derive(Args)]
pub struct Flood {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub timing: Timing,
    /// Members of a room.
    #[arg(long, default_value_t = 1_000)]
    pub rooms_of: usize,
    #[arg(long, default_value_t = 1)]
    pub rooms: usize,
    /// Members who send, in each room.
    #[arg(long, default_value_t = 8)]
    pub senders: usize,
    /// Unacknowledged messages of a sender.
    #[arg(long, default_value_t = 32)]
    pub window: u32,
    /// Messages a second in all; `auto` searches the highest rate within the bound, `max` sends
    /// whenever the window allows it.
    #[arg(long, default_value = "auto")]
    pub rate: Rate,
    /// The bound for `auto`, on the 99th percentile of latency.
    #[arg(long, default_value_t = 100.0)]
    pub p99_ms: f64,
    /// Where `auto` begins, in messages a second.
    #[arg(long, default_value_t = 20.0)]
    pub start: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    Auto,
    Max,
    Messages(f64),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "max" => Ok(Self::Max),
            number => match number.parse() {
                Ok(rate) if rate > 0.0 => Ok(Self::Messages(rate)),
                _ => Err("it is `auto`, `max` or a number of messages a second".into()),
            },
        }
    }
}

#[derive(Args)]
pub struct Stuck {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub timing: Timing,
    /// Members of the room.
    #[arg(long, default_value_t = 1_000)]
    pub users: usize,
    /// Those of them who stop reading.
    #[arg(long = "stuck", default_value_t = 50)]
    pub idlers: usize,
    /// Deliveries a second in all.
    #[arg(long, default_value_t = 50_000.0)]
    pub rate: f64,
}

#[derive(Args)]
pub struct SelfTest {
    #[arg(long, default_value_t = 500)]
    pub users: usize,
    #[arg(long, default_value_t = 50)]
    pub rooms_of: usize,
    /// Length of a message's text.
    #[arg(long, default_value_t = 64)]
    pub text_bytes: usize,
    /// For each size of batch, in seconds.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct History {
    #[command(flatten)]
    pub common: Common,
    #[arg(long, default_value_t = 500)]
    pub users: usize,
    /// Members of a room.
    #[arg(long, default_value_t = 50)]
    pub rooms_of: usize,
    #[arg(long, default_value_t = 2)]
    pub rooms_per_user: usize,
    /// Goes on until this much was received.
    #[arg(long, default_value_t = 1_000_000)]
    pub deliveries: u64,
    /// Goes on for so long instead, in seconds.
    #[arg(long, conflicts_with = "deliveries")]
    pub seconds: Option<f64>,
    /// Deliveries a second in all, as far as answers allow it.
    #[arg(long, default_value_t = 20_000.0)]
    pub rate: f64,
    /// Faults of each connection in a minute: dropped, reset, half-closed, not read for a while.
    #[arg(long, default_value_t = 3.0)]
    pub drop_rate: f64,
    /// Times in a minute that each connection is closed cleanly and made again at once, at any
    /// node.
    #[arg(long, default_value_t = 0.0)]
    pub switch_rate: f64,
    /// Of a hundred commands, so many say how far their author has received or read.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=80))]
    pub marks: u32,
    /// The share of clients that use long polling and HTTP instead of a socket.
    #[arg(long, default_value_t = 0.0)]
    pub poll_share: f64,
    /// Some clients watch others' presence; it is checked at rest, and when some are closed
    /// abruptly at the end.
    #[arg(long)]
    pub watch_presence: bool,
    /// How long presence may take to be right, in seconds.
    #[arg(long, default_value_t = 45.0)]
    pub presence_bound: f64,
    /// Clients that are closed abruptly at the end, for those who watch.
    #[arg(long, default_value_t = 10)]
    pub presence_closes: usize,
    /// A file that each acknowledged message is written to, as a line: room, author, nonce, id.
    #[arg(long)]
    pub ack_log: Option<PathBuf>,
    /// Prints each change of phase to standard output as a JSON object on a line; the table then
    /// goes to standard error.
    #[arg(long)]
    pub events: bool,
    /// A shell command that is run once in the middle, such as one that kills and restarts the
    /// server.
    #[arg(long)]
    pub kill_command: Option<String>,
    /// A file with the number of a process that is killed (signal 9) in the middle; something else
    /// has to start it again.
    #[arg(long, conflicts_with = "kill_command")]
    pub kill_pid_file: Option<PathBuf>,
    /// When to kill, in seconds after the start of the chat; it goes on for at least twice as long.
    #[arg(long, default_value_t = 10.0)]
    pub kill_after: f64,
    /// How long each step of coming to rest at the end may take, in seconds.
    #[arg(long, default_value_t = 60.0, alias = "patience")]
    pub settle: f64,
    /// Length of a message's text.
    #[arg(long, default_value_t = 64)]
    pub text_bytes: usize,
}
