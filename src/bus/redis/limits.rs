//! Claims and limits: one script each, and the node's own count while Redis is away.

use std::time::Instant;

use redis::{Value, from_redis_value};

use super::keys::Place;
use super::shared::Shared;
use crate::bus::{Admitted, Attempt, BusError, BusResult, CLAIM_MS, Claim, LimitKey};
use crate::domain::window::{Limit, Verdict};
use crate::protocol::MessageId;

impl Shared {
    pub async fn admit(&self, attempt: Attempt) -> Admitted {
        let (place, claim) = self.keys.claim(attempt.author, &attempt.nonce);
        let (key, limit) = &attempt.limit;
        // It is a limit of the author's, so it stands beside the claim.
        let (_, window) = self.keys.limit(key);
        let mut call = self.scripts.admit.call(&[claim, window]);
        call.arg(attempt.proposed.0.as_bytes()).arg(CLAIM_MS).arg(limit.most).arg(limit.per_ms);
        call.arg(u8::from(attempt.retry));
        let asked = Instant::now();
        let answer = self.call(place, &call).await;
        let answer = answer.and_then(|answer| {
            let (redis_ms, answer) = split_time(answer)?;
            self.hear_clock(place, asked, redis_ms);
            read_admitted(answer, &attempt)
        });
        answer.unwrap_or_else(|_away| {
            let verdict = self.pass_here(key.clone(), *limit);
            if !verdict.allowed {
                return Admitted::Refused(verdict);
            }
            Admitted::Go { id: attempt.proposed, claim: Claim::None }
        })
    }

    pub async fn limit(&self, key: LimitKey, limit: Limit) -> Verdict {
        if limit.most == 0 {
            return limit.unlimited();
        }
        let (place, window) = self.keys.limit(&key);
        let mut call = self.scripts.limit.call(&[window]);
        call.arg(limit.most).arg(limit.per_ms);
        let asked = Instant::now();
        let answer = self.call(place, &call).await.and_then(|answer| {
            let (redis_ms, answer) = split_time(answer)?;
            self.hear_clock(place, asked, redis_ms);
            let (allowed, remaining, retry_after_ms, reset_ms): (bool, u32, u64, u64) =
                from_redis_value(Value::Array(answer)).map_err(|_| odd())?;
            Ok(Verdict { allowed, limit, remaining, retry_after_ms, reset_ms })
        });
        answer.unwrap_or_else(|_away| self.pass_here(key, limit))
    }

    fn hear_clock(&self, place: Place, asked: Instant, redis_ms: u64) {
        if self.line(place).is_some_and(|line| self.is_clock(&line)) {
            self.clock.hear(asked, Instant::now(), redis_ms);
        }
    }

    /// Asks for one more, of what this node counts itself.
    fn pass_here(&self, key: LimitKey, limit: Limit) -> Verdict {
        let mut windows = self.windows.lock();
        let now_ms = windows.0.elapsed().as_millis() as u64;
        windows.1.pass(key, limit, now_ms)
    }

    pub fn sweep_windows(&self) {
        let mut windows = self.windows.lock();
        let now_ms = windows.0.elapsed().as_millis() as u64;
        windows.1.sweep(now_ms);
    }
}

/// Takes the time off that every answer here begins with.
fn split_time(answer: Value) -> BusResult<(u64, Vec<Value>)> {
    match answer {
        Value::Array(mut values) if matches!(values.first(), Some(Value::Int(_))) => {
            let Value::Int(time) = values.remove(0) else { return Err(odd()) };
            Ok((time as u64, values))
        }
        _ => Err(odd()),
    }
}

fn read_admitted(answer: Vec<Value>, attempt: &Attempt) -> BusResult<Admitted> {
    let mut values = answer.into_iter();
    let Some(Value::BulkString(kind)) = values.next() else { return Err(odd()) };
    let rest = Value::Array(values.collect());
    match kind.as_slice() {
        b"new" => Ok(Admitted::Go { id: attempt.proposed, claim: Claim::New }),
        b"none" => Ok(Admitted::Go { id: attempt.proposed, claim: Claim::None }),
        b"found" => {
            let (id,): (Vec<u8>,) = from_redis_value(rest).map_err(|_| odd())?;
            let id = uuid::Uuid::from_slice(&id).map_err(|_| odd())?;
            Ok(Admitted::Go { id: MessageId(id), claim: Claim::Found })
        }
        b"refused" => {
            let (remaining, retry_after_ms, reset_ms) =
                from_redis_value(rest).map_err(|_| odd())?;
            let limit = attempt.limit.1;
            let verdict = Verdict { allowed: false, limit, remaining, retry_after_ms, reset_ms };
            Ok(Admitted::Refused(verdict))
        }
        _ => Err(odd()),
    }
}

pub(super) fn odd() -> BusError {
    BusError::Unavailable("Redis gave an answer of another shape".to_owned())
}
