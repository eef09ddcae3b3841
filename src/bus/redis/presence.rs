//! Who is there: leases in Redis, by partition.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use redis::{RedisError, Value, cmd, from_redis_value};

use super::keys::{Partition, Place, user_text};
use super::limits::odd;
use super::shared::{Shared, unavailable};
use crate::bus::{Announcement, BusResult, Lease};
use crate::domain::presence::{RENEW_MS, SWEEP_MS};
use crate::protocol::{PresenceChoice, PresenceStatus, UserId};

/// Leases that one script renews: about a millisecond of Redis.
const BATCH: usize = 100;

/// After a start whoever is there seems to be away, until their node has renewed all its leases. For
/// this long their absence is "not known".
const WARM_UP_MS: u64 = RENEW_MS + 2 * SWEEP_MS;

impl Shared {
    pub async fn presence_lease(&self, leases: Vec<Lease>) -> BusResult<Vec<Announcement>> {
        let mut groups: HashMap<Partition, Vec<Lease>> = HashMap::new();
        let order: HashMap<_, _> =
            leases.iter().enumerate().map(|(at, lease)| (lease.user, at)).collect();
        for lease in leases {
            groups.entry(self.keys.partition_of_person(lease.user)).or_default().push(lease);
        }
        // One after another within a partition, so that the last one for a device holds.
        let groups = groups.into_iter().map(async |(partition, leases)| {
            let mut announcements = Vec::new();
            for leases in leases.chunks(BATCH) {
                let mut keys = vec![self.keys.leases(partition)];
                keys.extend(leases.iter().map(|lease| self.keys.person(lease.user)));
                let mut call = self.scripts.lease.call(&keys);
                for lease in leases {
                    call.arg(lease_text(lease));
                }
                let answer = self.call(Place::Partition(partition), &call).await?;
                announcements.extend(read_announcements(answer)?);
            }
            Ok(announcements)
        });
        let mut announcements: Vec<_> = try_join_all(groups).await?.into_iter().flatten().collect();
        announcements.sort_by_key(|(user, _)| order.get(user).copied());
        Ok(announcements)
    }

    pub async fn presence_choose(
        &self,
        user: UserId,
        choice: PresenceChoice,
    ) -> BusResult<Vec<Announcement>> {
        let partition = self.keys.partition_of_person(user);
        let keys = [self.keys.leases(partition), self.keys.person(user)];
        let mut call = self.scripts.choose.call(&keys);
        call.arg(user_text(user)).arg(choice_digit(choice).to_string());
        match self.call(Place::Partition(partition), &call).await? {
            Value::Nil => Ok(Vec::new()),
            Value::Int(status) => Ok(vec![(user, read_status(status)?)]),
            _ => Err(odd()),
        }
    }

    pub async fn presence_sweep(&self) -> BusResult<Vec<Announcement>> {
        self.sweep_windows();
        let partitions = self.keys.partitions().map(|partition| self.sweep(partition));
        Ok(try_join_all(partitions).await?.into_iter().flatten().collect())
    }

    /// Over a connection of its own: after a node has died it is much at once.
    async fn sweep(&self, partition: Partition) -> BusResult<Vec<Announcement>> {
        let mut call = self.scripts.sweep.call(&[self.keys.leases(partition)]);
        call.arg(self.keys.people(partition));
        let mut announcements = Vec::new();
        loop {
            let Value::Array(mut answer) =
                self.call_aside(Place::Partition(partition), &call).await?
            else {
                return Err(odd());
            };
            let is_more = !answer.is_empty() && answer.remove(0) == Value::Int(1);
            announcements.extend(read_announcements(Value::Array(answer))?);
            if !is_more {
                return Ok(announcements);
            }
        }
    }

    pub async fn presence_of(&self, users: &[UserId]) -> BusResult<Vec<Option<PresenceStatus>>> {
        let mut groups: HashMap<Partition, Vec<usize>> = HashMap::new();
        for (at, user) in users.iter().enumerate() {
            groups.entry(self.keys.partition_of_person(*user)).or_default().push(at);
        }
        let groups = groups.into_iter().map(async |(partition, members)| {
            let mut call = cmd("MGET");
            for at in &members {
                call.arg(self.keys.person(users[*at]));
            }
            let answer = self.call(Place::Partition(partition), &call).await?;
            let people: Vec<Option<Vec<u8>>> = from_redis_value(answer).map_err(|_| odd())?;
            let absent = (!self.is_warming_up(partition)).then_some(PresenceStatus::Offline);
            let statuses = members.into_iter().zip(people).map(|(at, person)| {
                let status = match person.as_deref() {
                    Some([_, announced, ..]) => {
                        Some(read_status(i64::from(announced.wrapping_sub(b'0')))?)
                    }
                    _ => absent,
                };
                Ok((at, status))
            });
            statuses.collect::<BusResult<Vec<_>>>()
        });
        let mut found = vec![None; users.len()];
        for (at, status) in try_join_all(groups).await?.into_iter().flatten() {
            found[at] = status;
        }
        Ok(found)
    }

    /// Whether it began too short a while ago for people to have come back.
    fn is_warming_up(&self, partition: Partition) -> bool {
        let born = self.line(Place::Partition(partition)).and_then(|line| line.born_ms(partition));
        match (born, self.clock.now_ms()) {
            (Some(born_ms), Some(now_ms)) => now_ms < born_ms + WARM_UP_MS,
            _ => true,
        }
    }
}

impl Shared {
    /// Sends a call to the master that has this place, over a connection that nobody else waits for.
    async fn call_aside(&self, place: Place, call: &redis::Cmd) -> BusResult<Value> {
        let up = self.up(place)?;
        let mut connection = up
            .pool
            .get()
            .await
            .map_err(|error| unavailable(&RedisError::from(std::io::Error::other(error))))?;
        match call.query_async(&mut connection).await {
            Ok(value) => Ok(value),
            // Whatever is the matter, it is found out and seen to where it is seen to for all.
            Err(_) => self.call(place, call).await,
        }
    }
}

fn lease_text(lease: &Lease) -> Vec<u8> {
    let idle = if lease.idle { '1' } else { '0' };
    let head = format!("{}{}{idle}", user_text(lease.user), choice_digit(lease.choice));
    let lasts = lease.lasts_ms.to_string();
    [head.as_bytes(), lease.device.as_bytes(), lasts.as_bytes()].concat()
}

/// As the scripts have it.
fn choice_digit(choice: PresenceChoice) -> char {
    match choice {
        PresenceChoice::Auto => '0',
        PresenceChoice::Away => '1',
        PresenceChoice::DoNotDisturb => '2',
        PresenceChoice::Invisible => '3',
    }
}

fn read_status(digit: i64) -> BusResult<PresenceStatus> {
    match digit {
        0 => Ok(PresenceStatus::Offline),
        1 => Ok(PresenceStatus::Away),
        2 => Ok(PresenceStatus::DoNotDisturb),
        3 => Ok(PresenceStatus::Online),
        _ => Err(odd()),
    }
}

fn read_announcements(answer: Value) -> BusResult<Vec<Announcement>> {
    let pairs: Vec<(String, i64)> = from_redis_value(answer).map_err(|_| odd())?;
    let announcement = |(user, status): (String, i64)| {
        Ok((user.parse().map_err(|_| odd())?, read_status(status)?))
    };
    pairs.into_iter().map(announcement).collect()
}
