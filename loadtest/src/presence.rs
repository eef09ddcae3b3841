//! What watchers believe of who is there, and how soon they learn that somebody went. Pure: it is
//! told what came and when.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Id;
use crate::wire;

/// People that one watcher watches at most: the protocol's limit.
const WATCHED: usize = 200;

/// Clients are numbered as users are.
#[derive(Default)]
pub struct Watch {
    /// By watcher and watched: whether they are believed to be there; `None` while nothing was told.
    beliefs: BTreeMap<usize, BTreeMap<usize, Option<bool>>>,
    /// Who was closed, and when.
    gone: BTreeMap<usize, u64>,
    resting: bool,
    pub report: PresenceReport,
}

#[derive(Clone, Debug, Default)]
pub struct PresenceReport {
    /// Pairs of a watcher and a watched person.
    pub watched: usize,
    /// How long at rest until all beliefs were right; `None` where they never were.
    pub agreed_after: Option<u64>,
    /// Beliefs that were still wrong when it was over.
    pub wrong: usize,
    /// People who were there, at rest, and were told to be offline.
    pub false_offline: u64,
    /// Connections that were closed abruptly, and how often a watcher learned of it.
    pub closed: usize,
    pub seen_leaving: u64,
    /// The longest time until a watcher saw that somebody had gone.
    pub longest: u64,
    /// Times above the bound, and people who were never seen to go.
    pub beyond_bound: usize,
}

impl PresenceReport {
    pub fn passed(&self) -> bool {
        self.wrong == 0 && self.false_offline == 0 && self.beyond_bound == 0
    }
}

impl Watch {
    pub fn new(watchers: impl Iterator<Item = (usize, Vec<usize>)>) -> Self {
        let beliefs: BTreeMap<_, BTreeMap<_, _>> = watchers
            .map(|(watcher, mut watched)| {
                watched.truncate(WATCHED);
                (watcher, watched.into_iter().map(|user| (user, None)).collect())
            })
            .collect();
        let watched = beliefs.values().map(BTreeMap::len).sum();
        Self {
            beliefs,
            report: PresenceReport { watched, ..Default::default() },
            ..Self::default()
        }
    }

    /// Whom this client watches, where it is a watcher.
    pub fn watched_by(&self, client: usize) -> Option<impl Iterator<Item = usize>> {
        self.beliefs.get(&client).map(|watched| watched.keys().copied())
    }

    /// Those who are watched and watch nobody.
    pub fn only_watched(&self) -> BTreeSet<usize> {
        let watched = self.beliefs.values().flat_map(BTreeMap::keys).copied();
        watched.filter(|user| !self.beliefs.contains_key(user)).collect()
    }

    /// The answer to `watch`, which stands for all that was told before.
    pub fn answered(&mut self, client: usize, known: &[(usize, bool)], now: u64) {
        if let Some(watched) = self.beliefs.get_mut(&client) {
            for belief in watched.values_mut() {
                *belief = None;
            }
        }
        for &(user, online) in known {
            self.told(client, user, online, now);
        }
    }

    pub fn told(&mut self, client: usize, user: usize, online: bool, now: u64) {
        let Some(belief) = self.beliefs.get_mut(&client).and_then(|all| all.get_mut(&user)) else {
            return;
        };
        let before = belief.replace(online);
        if online {
            return;
        }
        match self.gone.get(&user) {
            Some(&at) if before != Some(false) => {
                self.report.seen_leaving += 1;
                self.report.longest = self.report.longest.max(now - at);
            }
            None if self.resting => self.report.false_offline += 1,
            _ => {}
        }
    }

    /// Beliefs that are not as it is: everybody is there who was not closed.
    pub fn wrong(&self) -> usize {
        let beliefs = self.beliefs.values().flatten();
        beliefs.filter(|(user, told)| **told != Some(!self.gone.contains_key(user))).count()
    }

    /// From now on nobody who is there may be told to be offline.
    pub fn rest(&mut self, took: Option<u64>) {
        self.resting = true;
        self.report.agreed_after = took;
        self.report.wrong = if took.is_none() { self.wrong() } else { 0 };
    }

    pub fn close(&mut self, user: usize, now: u64) {
        self.gone.insert(user, now);
        self.report.closed += 1;
    }

    /// Counts who was not seen to go within `bound`.
    pub fn finish(&mut self, bound: u64) {
        let beliefs = self.beliefs.values().flatten();
        let unseen = beliefs
            .filter(|(user, told)| self.gone.contains_key(user) && **told != Some(false))
            .count();
        self.report.beyond_bound = unseen + usize::from(self.report.longest > bound);
    }
}

/// Whom a user id of the protocol names.
pub fn user_of(users: &std::collections::HashMap<Id, u32>, id: &str) -> Option<usize> {
    users.get(&wire::uuid(id.as_bytes())?).map(|user| *user as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::new([(0, vec![1, 2])].into_iter())
    }

    #[test]
    fn who_is_there_is_believed_to_be_there_and_who_went_to_have_gone() {
        let mut watch = watch();
        assert_eq!(watch.wrong(), 2);
        watch.answered(0, &[(1, true)], 5);
        watch.told(0, 2, true, 6);
        assert_eq!((watch.wrong(), watch.only_watched().len()), (0, 2));
        watch.rest(Some(6));
        watch.close(2, 10);
        assert_eq!(watch.wrong(), 1);
        watch.told(0, 2, false, 25);
        watch.finish(20);
        assert_eq!((watch.wrong(), watch.report.longest), (0, 15));
        assert!(watch.report.passed(), "{:?}", watch.report);
    }

    #[test]
    fn somebody_who_is_there_and_shown_offline_is_found() {
        let mut watch = watch();
        watch.answered(0, &[(1, true), (2, true)], 1);
        watch.rest(Some(1));
        watch.told(0, 1, false, 2);
        watch.told(0, 1, true, 3);
        assert_eq!(watch.report.false_offline, 1);
        assert!(!watch.report.passed());
    }

    #[test]
    fn somebody_who_is_never_seen_to_go_and_one_who_is_seen_too_late_are_found() {
        for late in [None, Some(100)] {
            let mut watch = watch();
            watch.answered(0, &[(1, true), (2, true)], 1);
            watch.rest(Some(1));
            watch.close(1, 10);
            if let Some(at) = late {
                watch.told(0, 1, false, at);
            }
            watch.finish(50);
            assert_eq!(watch.report.beyond_bound, 1, "{late:?}");
        }
    }
}
