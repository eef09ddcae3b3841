//! Many HTTP requests at once, over kept connections, each repeated until it has an answer.

use std::net::SocketAddr;

use anyhow::{Result, bail};

use crate::clock::{self, MILLI};
use crate::http::Request;
use crate::links::{Closed, Engine, Handler, Links, Next};

/// A request that has failed this often (no answer, or "try again") ends the run.
const ATTEMPTS: u32 = 30;
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
    /// When to ask (again); 0 while an answer is awaited.
    due: u64,
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
            self.asked += 1;
        }
        let Some(index) = worker.current else { return };
        worker.attempts += 1;
        worker.due = 0;
        let server = owner % self.servers.len();
        if !links.is_open(owner) {
            links.open_http(owner, self.servers[server]);
        }
        links.request(owner, &self.questions.request(index), &self.hosts[server]);
    }

    fn again(&mut self, owner: usize, why: &dyn std::fmt::Debug) -> Result<()> {
        let worker = &mut self.workers[owner];
        if worker.attempts >= ATTEMPTS {
            bail!("a request failed {ATTEMPTS} times, at last with {why:?}");
        }
        worker.due = clock::now() + PAUSE;
        Ok(())
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
            if !worker.done && (worker.current.is_none() || (worker.due != 0 && worker.due <= now))
            {
                self.ask(links, owner);
            }
        }
        Next::At(now + PAUSE / 4)
    }

    fn response(&mut self, links: &mut Links, owner: usize, status: u16, body: &[u8]) {
        let Some(index) = self.workers[owner].current else { return };
        if matches!(status, 429 | 500 | 503) {
            let told = String::from_utf8_lossy(body).into_owned();
            let result = self.again(owner, &told);
            return self.keep(result);
        }
        self.workers[owner].current = None;
        self.answered += 1;
        let result = self.questions.answer(index, status, body);
        self.keep(result);
        if self.failed.is_none() {
            self.ask(links, owner);
        }
    }

    fn closed(&mut self, _links: &mut Links, owner: usize, why: Closed) {
        if self.workers[owner].current.is_some() {
            let result = self.again(owner, &why);
            self.keep(result);
        }
    }
}
