//! Many HTTP requests at once, over kept connections, each repeated until it has an answer.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};

use crate::clock::{self, MILLI, SECOND};
use crate::http::Request;
use crate::links::{Closed, Engine, Handler, Links, Next};

/// A request that has failed for so long (no answer, or "try again") ends the run.
const PATIENCE: u64 = 120 * SECOND;
/// An attempt without an answer for so long is given up.
const ATTEMPT: u64 = 10 * SECOND;
/// Between two attempts, doubled with each up to 3.2 s.
const PAUSE: u64 = 200 * MILLI;

/// What is asked, and what is done with the answers.
pub trait Questions {
    fn count(&self) -> usize;
    fn request(&mut self, index: usize) -> Request;
    fn answer(&mut self, index: usize, status: u16, body: &[u8]) -> Result<()>;
}

/// Asks all of it, `parallel` at a time; returns how long it took, in seconds.
pub fn ask_all(
    servers: &[SocketAddr],
    parallel: usize,
    questions: &mut impl Questions,
) -> Result<f64> {
    let start = clock::now();
    let workers = parallel.min(questions.count());
    if workers == 0 {
        return Ok(0.0);
    }
    let mut batch = Batch {
        servers,
        hosts: servers.iter().map(ToString::to_string).collect(),
        questions,
        workers: vec![Worker::default(); workers],
        asked: 0,
        answered: 0,
        failed: None,
    };
    Engine::new(workers, 0)?.run(&mut batch)?;
    match batch.failed {
        Some(error) => Err(error),
        None => Ok((clock::now() - start) as f64 / 1e9),
    }
}

#[derive(Clone, Default)]
struct Worker {
    current: Option<usize>,
    attempts: u32,
    /// When it was first asked, and when last.
    began: u64,
    asked: u64,
    /// When to ask (again); 0 while an answer is awaited.
    due: u64,
    server: usize,
    done: bool,
}

struct Batch<'a, Q> {
    servers: &'a [SocketAddr],
    hosts: Vec<String>,
    questions: &'a mut Q,
    workers: Vec<Worker>,
    asked: usize,
    answered: usize,
    failed: Option<anyhow::Error>,
}

impl<Q: Questions> Batch<'_, Q> {
    fn ask(&mut self, links: &mut Links, owner: usize) {
        let worker = &mut self.workers[owner];
        if worker.current.is_none() {
            if self.asked == self.questions.count() {
                worker.done = true;
                return;
            }
            worker.current = Some(self.asked);
            worker.attempts = 0;
            worker.began = clock::now();
            self.asked += 1;
        }
        let Some(index) = worker.current else { return };
        worker.attempts += 1;
        worker.due = 0;
        worker.asked = clock::now();
        // The connection was ended when an attempt failed, so the next one may go elsewhere.
        if !links.is_open(owner) {
            worker.server = (owner + worker.attempts as usize - 1) % self.servers.len();
        }
        let server = worker.server;
        if !links.is_open(owner) {
            links.open_http(owner, self.servers[server]);
        }
        links.request(owner, &self.questions.request(index), &self.hosts[server]);
    }

    fn again(&mut self, links: &mut Links, owner: usize, why: &dyn std::fmt::Debug) {
        links.drop_link(owner);
        let (worker, now) = (&mut self.workers[owner], clock::now());
        worker.due = now + (PAUSE << (worker.attempts - 1).min(4));
        if now > worker.began + PATIENCE {
            let tries = worker.attempts;
            self.keep(Err(anyhow!("a request failed {tries} times, at last with {why:?}")));
        }
    }

    fn keep(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }
}

impl<Q: Questions> Handler for Batch<'_, Q> {
    fn tick(&mut self, links: &mut Links, now: u64) -> Next {
        if self.failed.is_some() || self.answered == self.questions.count() {
            return Next::Stop;
        }
        for owner in 0..self.workers.len() {
            let worker = &self.workers[owner];
            if worker.current.is_some() && worker.due == 0 && worker.asked + ATTEMPT < now {
                self.again(links, owner, &"no answer");
                continue;
            }
            if !worker.done && (worker.current.is_none() || (worker.due != 0 && worker.due <= now))
            {
                self.ask(links, owner);
            }
        }
        Next::At(now + PAUSE / 4)
    }

    fn response(&mut self, links: &mut Links, owner: usize, status: u16, body: &[u8]) {
        let Some(index) = self.workers[owner].current else { return };
        if matches!(status, 408 | 429 | 500 | 502 | 503 | 504) {
            let told = String::from_utf8_lossy(body).into_owned();
            return self.again(links, owner, &told);
        }
        self.workers[owner].current = None;
        self.answered += 1;
        let result = self.questions.answer(index, status, body);
        self.keep(result);
        if self.failed.is_none() {
            self.ask(links, owner);
        }
    }

    fn closed(&mut self, links: &mut Links, owner: usize, why: Closed) {
        if self.workers[owner].current.is_some() {
            self.again(links, owner, &why);
        }
    }
}
