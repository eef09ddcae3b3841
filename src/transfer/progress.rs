//! How far it has come: a bar where somebody looks, else a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Where nobody looks.
const SAY_EVERY: Duration = Duration::from_secs(5);

pub struct Progress {
    bar: ProgressBar,
    what: &'static str,
    unit: &'static str,
    began: Instant,
    said: Instant,
}

impl Progress {
    /// `total` of `unit`: how much there is to do.
    pub fn new(what: &'static str, total: u64, unit: &'static str) -> Self {
        // Hidden where standard error is no terminal.
        let bar = ProgressBar::new(total);
        let form = "{prefix} [{bar:30}] {percent}% {msg} ({elapsed})";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        Self { bar, what, unit, began: Instant::now(), said: Instant::now() }
    }

    /// So much is done; so many lines, in all.
    pub fn reach(&mut self, done: u64, lines: u64) {
        let rate = lines as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        self.bar.set_position(done);
        self.bar.set_message(format!("{lines} lines, {rate:.0}/s"));
        if self.bar.is_hidden() && self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            let (what, unit, total) = (self.what, self.unit, self.bar.length().unwrap_or(0));
            eprintln!("{what}: {done} of {total} {unit}, {lines} lines, {rate:.0}/s");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
