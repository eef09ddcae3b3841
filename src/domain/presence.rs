//! Whether a person is there, from what they chose and what their devices say.

use crate::protocol::{PresenceChoice, PresenceStatus};

/// A device says again that it is there this often, in milliseconds (its node does, for it).
pub const RENEW_MS: u64 = 15_000;
/// A device that was not heard of for this long is gone. With [`SWEEP_MS`] it bounds how long a
/// killed node's people are shown: 42 s.
pub const LEASE_MS: u64 = 40_000;
/// How long a device that closed its connection still counts: a reload, or a node that restarts,
/// is not shown.
pub const GRACE_MS: u64 = 10_000;
/// How often leases that ran out are looked for.
pub const SWEEP_MS: u64 = 2_000;

/// What others see. `idle`: of each device that is there, whether nobody uses it.
pub fn status(choice: PresenceChoice, idle: impl IntoIterator<Item = bool>) -> PresenceStatus {
    let mut devices = idle.into_iter().peekable();
    if devices.peek().is_none() {
        return PresenceStatus::Offline;
    }
    match choice {
        PresenceChoice::Invisible => PresenceStatus::Offline,
        PresenceChoice::DoNotDisturb => PresenceStatus::DoNotDisturb,
        PresenceChoice::Away => PresenceStatus::Away,
        PresenceChoice::Auto if devices.all(|idle| idle) => PresenceStatus::Away,
        PresenceChoice::Auto => PresenceStatus::Online,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PresenceChoice::{Auto, Away, DoNotDisturb, Invisible};

    #[test]
    fn the_best_device_counts_and_the_choice_goes_before() {
        assert_eq!(status(Auto, [true, false]), PresenceStatus::Online);
        assert_eq!(status(Auto, [true, true]), PresenceStatus::Away);
        assert_eq!(status(Away, [false]), PresenceStatus::Away);
        assert_eq!(status(DoNotDisturb, [true]), PresenceStatus::DoNotDisturb);
        assert_eq!(status(Invisible, [false]), PresenceStatus::Offline);
        for choice in [Auto, Away, DoNotDisturb, Invisible] {
            assert_eq!(status(choice, []), PresenceStatus::Offline);
        }
    }
}
