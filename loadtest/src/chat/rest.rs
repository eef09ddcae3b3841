//! The stages of a chat: from all being connected, through coming to rest, to the last look at who
//! is believed to be there.

use serde_json::json;

use std::cmp::Reverse;

use super::{CHECK_AGAIN, Chat, LOOK_AGAIN, PRESENCE_GRACE, QUIET, SILENCE, Stage, Until, user_of};
use crate::check::Violation;
use crate::clock;
use crate::links::Links;
use crate::sessions::Crowd;
use crate::wire::Presence;

impl Chat {
    pub(super) fn advance(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) -> bool {
        let all_ready = crowd.ready + self.closed == crowd.clients();
        let settled = all_ready
            && self.chatters.iter().all(|chatter| chatter.pending.is_none())
            && self.reloads.is_empty()
            && self.loading.iter().all(Option::is_none);
        let out_of_time = now > self.since + self.manner.settle;
        match self.stage {
            Stage::Gathering if all_ready => {
                self.enter(Stage::Chatting, now);
                for client in 0..crowd.clients() {
                    let due = now + crowd.rng.below(self.interval(crowd) as usize) as u64;
                    self.turns.push(Reverse((due, client)));
                }
            }
            Stage::Gathering if now > self.since + self.manner.settle.max(SILENCE) => {
                self.unsettled(crowd);
                return false;
            }
            Stage::Chatting if self.is_enough(now) => self.enter(Stage::Finishing, now),
            Stage::Finishing if settled || out_of_time => {
                if !settled {
                    self.unsettled(crowd);
                }
                self.enter(Stage::Settling, now);
                for client in 0..crowd.clients() {
                    let stays = client % 2 == 1 && !crowd.polls(client) && crowd.is_ready(client);
                    self.stays[client] = stays.then(|| crowd.readied_of(client));
                    if !stays {
                        links.drop_link(client);
                        crowd.reconnect(client, now, 0);
                    }
                }
            }
            Stage::Settling | Stage::Returning => {
                let quiet = now > self.newest_arrival.max(self.since) + QUIET;
                if out_of_time || (settled && quiet && now >= self.next_check) {
                    return self.look(crowd, links, now, settled, out_of_time);
                }
            }
            Stage::Watching => self.rest(crowd, links, now),
            Stage::Leaving => return self.watch_leaving(now),
            Stage::Gathering | Stage::Chatting | Stage::Finishing => {}
        }
        true
    }

    pub(super) fn is_enough(&self, now: u64) -> bool {
        let enough = match self.manner.until {
            Until::Deliveries(deliveries) => self.tally.deliveries >= deliveries,
            Until::Time(time) => now >= self.since + time,
        };
        enough && now >= self.manner.not_before
    }

    /// Whether all have everything, and what follows then, or when there is no more time.
    pub(super) fn look(
        &mut self,
        crowd: &mut Crowd,
        links: &mut Links,
        now: u64,
        settled: bool,
        out_of_time: bool,
    ) -> bool {
        self.next_check = now + LOOK_AGAIN;
        if !out_of_time && !self.all_complete(crowd) {
            return true;
        }
        let wrong = self.violations(crowd);
        if !out_of_time && !wrong.is_empty() {
            self.next_check = now + CHECK_AGAIN;
            return true;
        }
        if !settled {
            self.unsettled(crowd);
        }
        let took = now - self.since;
        if self.stage == Stage::Settling {
            let stayed: Vec<bool> = (0..crowd.clients())
                .map(|client| self.stays[client] == Some(crowd.readied_of(client)))
                .collect();
            let whose = |one: &Violation| one.client().map(|client| stayed[client as usize]);
            self.findings.first = wrong.into_iter().map(|one| (one.clone(), whose(&one))).collect();
            self.findings.stayed = stayed.iter().filter(|stayed| **stayed).count();
            self.findings.settled_after[0] = took;
            self.enter(Stage::Returning, now);
            for client in 0..crowd.clients() {
                links.drop_link(client);
                crowd.reconnect(client, now, 0);
            }
            return true;
        }
        self.findings.last = wrong;
        self.findings.settled_after[1] = took;
        if self.watch.is_some() {
            self.enter(Stage::Watching, now);
        }
        self.watch.is_some()
    }

    /// Presence is right, or will not become so: from now on it has to stay so, but for some who go.
    pub(super) fn rest(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        let (Some(watch), Some(check)) = (&mut self.watch, self.manner.presence) else { return };
        let right = watch.wrong() == 0;
        if !right && now < self.since + check.bound {
            return;
        }
        watch.rest(right.then_some(now - self.since));
        let mut candidates: Vec<usize> = watch.only_watched().into_iter().collect();
        candidates.retain(|&client| crowd.is_ready(client) && !crowd.polls(client));
        for _ in 0..check.closes.min(candidates.len()) {
            let client = candidates.swap_remove(crowd.rng.below(candidates.len()));
            links.reset(client);
            crowd.stay_away(client);
            watch.close(client, now);
            self.closed += 1;
        }
        self.enter(Stage::Leaving, now);
    }

    pub(super) fn watch_leaving(&mut self, now: u64) -> bool {
        let (Some(watch), Some(check)) = (&mut self.watch, self.manner.presence) else {
            return false;
        };
        let over = watch.wrong() == 0 || now > self.since + check.bound + PRESENCE_GRACE;
        if over {
            watch.finish(check.bound);
            self.tally.presence = Some(watch.report.clone());
        }
        !over
    }

    /// Notes that there was no rest in time, and what was still under way.
    pub(super) fn unsettled(&mut self, crowd: &Crowd) {
        let unanswered = self.chatters.iter().filter(|chatter| chatter.pending.is_some()).count();
        let note = format!(
            "{:?}: {} of {} clients are ready, {unanswered} commands unanswered, {} rooms to load",
            self.stage,
            crowd.ready,
            crowd.clients(),
            self.reloads.len(),
        );
        self.tally.unsettled.get_or_insert(note);
    }

    pub(super) fn enter(&mut self, stage: Stage, now: u64) {
        eprintln!("{stage:?} ({} deliveries)", self.tally.deliveries);
        if self.manner.events {
            let phase = format!("{stage:?}").to_lowercase();
            let (acknowledged, deliveries) = (self.tally.acknowledged, self.tally.deliveries);
            crate::report::event(&json!({
                "phase": phase, "acknowledged": acknowledged, "deliveries": deliveries,
            }));
        }
        self.stage = stage;
        self.since = now;
    }

    pub(super) fn watch(&mut self, crowd: &Crowd, links: &mut Links, client: usize) {
        let Some(watched) = self.watch.as_ref().and_then(|watch| watch.watched_by(client)) else {
            return;
        };
        let ids: Vec<&str> = watched.map(|user| crowd.world.users[user].id.as_str()).collect();
        let frame = json!({ "id": self.next_id, "type": "watch", "user_ids": ids });
        self.watch_ids.insert(client, self.next_id);
        self.next_id += 1;
        links.send_text(client, frame.to_string().as_bytes());
    }

    pub(super) fn tell_presence(&mut self, client: usize, answer: bool, all: &[Presence]) {
        let known: Vec<(usize, bool)> = all
            .iter()
            .filter_map(|one| Some((user_of(&self.users, &one.user_id)?, one.status != "offline")))
            .collect();
        let now = clock::now();
        if let Some(watch) = &mut self.watch {
            if answer {
                watch.answered(client, &known, now);
            } else {
                for (user, online) in known {
                    watch.told(client, user, online, now);
                }
            }
        }
    }
}
