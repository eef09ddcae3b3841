//! The rules of delivery and recovery: nothing acknowledged is lost, nothing is doubled.
//!
//! Each has a name here, stands in the code where [`Rule::holds`] is asked, is walked at random by
//! the model beside the tests (`tests/faults/recovery_model.py`), and is tried against real servers
//! by switching it off. It can be switched off in debug builds alone.

use std::sync::OnceLock;
use std::time::Duration;

/// An attempt that took longer than this doubts itself.
pub const SLOW: Duration = Duration::from_secs(1);

/// A retry that finds no claim waits this long: an attempt still on its way has written by then, or
/// doubts itself. More than [`SLOW`].
pub const WAIT: Duration = Duration::from_millis(1_200);

/// What a node finds in its sockets for this long after it was stopped may be old.
pub const STALL: Duration = Duration::from_secs(2);

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $name:literal)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $rule),* }

        impl Rule {
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$rule => $name),* }
            }
        }
    };
}

rules! {
    /// A hole in a topic's count marks the topic as a gap.
    Holes "holes"
    /// Heads are compared with what was heard every few seconds; only that advances what is proved.
    Compare "compare"
    /// After another epoch every followed topic is read from the store, whatever its head says.
    Sweep "sweep"
    /// A resuming client's read comes after its subscriptions are confirmed and counted; else the
    /// topic stays a gap until they are.
    Confirm "confirm"
    /// A further follower of a topic changes nothing of what the node knows about it.
    Reset "reset"
    /// Nothing is published under an id older than [`super::cursor::LATE_MS`]: a line in the change
    /// log under a new id comes first.
    Late "late"
    /// Cursors stay behind what is proved by [`super::cursor::LAG_MS`], more than that.
    Lag "lag"
    /// What could not be published is written down, and published by whoever can.
    Unpublished "unpublished"
    /// A message is published only while its claim still stands.
    Recheck "recheck"
    /// An attempt that took more than [`SLOW`] doubts itself.
    Slow "slow"
    /// A node that was stopped takes what it finds in its sockets for retries.
    Stall "stall"
    /// A retry always lets the store decide, even when it finds a claim.
    Ask "ask"
    /// A retry that finds no claim waits for [`WAIT`] before the store decides.
    Wait "wait"
    /// Beside its plain write an attempt looks whether the store knows another one: it may have lain
    /// in a socket until long after its retry was answered, and Redis may have forgotten.
    Look "look"
    /// In doubt the store decides, by a lightweight transaction; plain writes always lose to that.
    Lwt "lwt"
    /// A node that never heard the reference clock takes no messages.
    Clock "clock"
    /// An attempt claims its nonce before it writes.
    Claim "claim"
    /// Gaps are read from the store.
    Repair "repair"
}

static SWITCHED_OFF: OnceLock<Vec<Rule>> = OnceLock::new();

impl Rule {
    /// Whether the rule is on: always, but in a test that shows what it is for.
    pub fn holds(self) -> bool {
        !cfg!(debug_assertions) || SWITCHED_OFF.get().is_none_or(|off| !off.contains(&self))
    }

    /// Switches rules off, by their names separated by commas, for the life of the process. Does
    /// nothing in a release build. A name that is none is given back.
    pub fn switch_off(names: &str) -> Result<(), String> {
        let rule = |name: &str| {
            let known = Self::ALL.iter().find(|rule| rule.name() == name);
            known.copied().ok_or_else(|| name.to_owned())
        };
        let off: Vec<_> =
            names.split(',').filter(|name| !name.is_empty()).map(rule).collect::<Result<_, _>>()?;
        // A second call comes too late.
        let _ = SWITCHED_OFF.set(off);
        Ok(())
    }
}
