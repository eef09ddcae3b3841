//! Who is there.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use uuid::Uuid;

use super::{Answered, Caller, Service, Telling};
use crate::bus::{Announcement, BusError, Lease};
use crate::domain::presence::{GRACE_MS, LEASE_MS, RENEW_MS, SWEEP_MS};
use crate::protocol::server::PresenceEntry;
use crate::protocol::{Control, Event, PresenceChoice, PresenceStatus, Topic, UserId};

/// Leases renewed, and people announced, in one call.
const BATCH: usize = 500;
/// Choices looked up at the same time.
const LOOK_UPS: usize = 16;

/// The devices that are connected here.
#[derive(Default)]
pub struct Presences {
    here: Mutex<HashMap<Uuid, Here>>,
    /// Who chose something while the bus was out of reach.
    unsaid: Mutex<HashSet<UserId>>,
}

#[derive(Clone, Copy)]
struct Here {
    user: UserId,
    idle: bool,
    choice: PresenceChoice,
}

impl Here {
    fn lease(self, device: Uuid, lasts_ms: u64) -> Lease {
        Lease { user: self.user, device, idle: self.idle, choice: self.choice, lasts_ms }
    }
}

/// A device that is connected here.
pub struct DeviceHere {
    service: Service,
    /// Another one for each connection.
    device: Uuid,
}

impl DeviceHere {
    /// The device is in use, or has been left alone.
    pub async fn set_idle(&self, idle: bool) -> Answered<()> {
        if let Some(here) = self.service.0.presences.here.lock().get_mut(&self.device) {
            here.idle = idle;
        }
        self.lease().await
    }

    async fn lease(&self) -> Answered<()> {
        let here = self.service.0.presences.here.lock().get(&self.device).copied();
        let leases = here.map(|here| here.lease(self.device, LEASE_MS)).into_iter().collect();
        match self.service.0.bus.presence_lease(leases).await {
            Ok(announcements) => self.service.announce(announcements).await,
            // It is renewed within seconds of the bus coming back.
            Err(BusError::Unavailable(_)) => Ok(()),
        }
    }
}

impl Drop for DeviceHere {
    fn drop(&mut self) {
        let service = self.service.clone();
        let Some(here) = service.0.presences.here.lock().remove(&self.device) else { return };
        let lease = here.lease(self.device, GRACE_MS);
        let shorten = async move {
            match service.0.bus.presence_lease(vec![lease]).await {
                Ok(announcements) => service.announce_or_log(announcements).await,
                Err(error) => tracing::warn!(%error, "a device's lease could not be shortened"),
            }
        };
        // Without a runtime the server has ended, and its leases run out.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(shorten);
        }
    }
}

impl Service {
    /// A device is there for as long as what is returned lives, and a moment longer: it may only be
    /// reloading.
    pub async fn device_here(
        &self,
        user: UserId,
        idle: bool,
        choice: PresenceChoice,
    ) -> Answered<DeviceHere> {
        let here = DeviceHere { service: self.clone(), device: Uuid::new_v4() };
        self.0.presences.here.lock().insert(here.device, Here { user, idle, choice });
        here.lease().await?;
        Ok(here)
    }

    pub async fn choose_presence(&self, caller: &Caller, choice: PresenceChoice) -> Answered<()> {
        let service = self.clone();
        let user = caller.user;
        self.to_its_end(async move {
            service.0.store.set_presence(user, choice).await?;
            for here in service.0.presences.here.lock().values_mut() {
                if here.user == user {
                    here.choice = choice;
                }
            }
            match service.0.bus.presence_choose(user, choice).await {
                Ok(announcements) => service.announce(announcements).await,
                Err(BusError::Unavailable(_)) => {
                    service.0.presences.unsaid.lock().insert(user);
                    Ok(())
                }
            }
        })
        .await
    }

    /// How these people are seen. Left out: those of whom nothing is known yet, because the server
    /// has only just started, or the bus is out of reach; they are announced when it is.
    pub async fn presence_of(&self, users: &[UserId]) -> Answered<Vec<PresenceEntry>> {
        let statuses = self.0.bus.presence_of(users).await.unwrap_or_default();
        let known: Vec<_> = users
            .iter()
            .zip(statuses)
            .filter_map(|(user, status)| Some((*user, status?)))
            .collect();
        let offline: Vec<_> = known
            .iter()
            .filter(|(_, status)| *status == PresenceStatus::Offline)
            .map(|(user, _)| *user)
            .collect();
        let last_seen: HashMap<_, _> = if offline.is_empty() {
            HashMap::new()
        } else {
            self.0.store.last_seen(&offline).await?.into_iter().collect()
        };
        let entry = |(user_id, status)| PresenceEntry {
            user_id,
            status,
            last_seen: last_seen.get(&user_id).copied(),
        };
        Ok(known.into_iter().map(entry).collect())
    }

    /// Renews the leases of the devices that are here, and finds those that ran out. Runs until
    /// dropped.
    pub async fn keep_presence(self) {
        let mut rounds: u64 = 0;
        let mut known_epoch = None;
        loop {
            tokio::time::sleep(Duration::from_millis(SWEEP_MS)).await;
            rounds += 1;
            self.say_unsaid().await;
            // A bus that has forgotten everything must not take people for gone.
            let epoch = self.0.bus.epoch();
            let another = std::mem::replace(&mut known_epoch, epoch) != epoch;
            if another {
                self.look_up_choices().await;
            }
            if another || rounds.is_multiple_of(RENEW_MS / SWEEP_MS) {
                let here: Vec<_> = {
                    let presences = self.0.presences.here.lock();
                    presences.iter().map(|(device, here)| here.lease(*device, LEASE_MS)).collect()
                };
                for leases in here.chunks(BATCH) {
                    match self.0.bus.presence_lease(leases.to_vec()).await {
                        Ok(announcements) => self.announce_or_log(announcements).await,
                        Err(error) => tracing::warn!(%error, "leases could not be renewed"),
                    }
                }
            }
            match self.0.bus.presence_sweep().await {
                Ok(announcements) => self.announce_or_log(announcements).await,
                Err(error) => tracing::warn!(%error, "leases could not be looked through"),
            }
        }
    }

    /// Tells the bus what people chose while it was out of reach; the store knows what they chose
    /// since, wherever that was.
    async fn say_unsaid(&self) {
        let unsaid: Vec<_> = self.0.presences.unsaid.lock().iter().copied().collect();
        for user in unsaid {
            let Ok(Some(account)) = self.0.store.account(user).await else { return };
            let told = self.0.bus.presence_choose(user, account.presence).await;
            let Ok(announcements) = told else { return };
            self.0.presences.unsaid.lock().remove(&user);
            self.announce_or_log(announcements).await;
        }
    }

    /// What those who are here chose, on whichever node: the bus takes it from the next lease.
    async fn look_up_choices(&self) {
        let users: HashSet<_> =
            self.0.presences.here.lock().values().map(|here| here.user).collect();
        stream::iter(users)
            .for_each_concurrent(LOOK_UPS, async |user| {
                let Ok(Some(account)) = self.0.store.account(user).await else { return };
                let mut here = self.0.presences.here.lock();
                for here in here.values_mut().filter(|here| here.user == user) {
                    here.choice = account.presence;
                }
            })
            .await;
    }

    async fn announce_or_log(&self, announcements: Vec<Announcement>) {
        if let Err(refusal) = self.announce(announcements).await {
            tracing::warn!(code = refusal.code.as_str(), "a presence could not be told");
        }
    }

    async fn announce(&self, announcements: Vec<Announcement>) -> Answered<()> {
        if announcements.is_empty() {
            return Ok(());
        }
        let now = self.now_ms()?;
        let offline = |(_, status): &&Announcement| *status == PresenceStatus::Offline;
        let gone: Vec<_> =
            announcements.iter().filter(offline).map(|(user, _)| (*user, now)).collect();
        if !gone.is_empty()
            && let Err(error) = self.0.store.set_last_seen(&gone).await
        {
            tracing::warn!(%error, "when people were last seen could not be stored");
        }
        let telling = |(user_id, status)| {
            let last_seen = (status == PresenceStatus::Offline).then_some(now);
            Telling {
                topic: Topic::Presence(user_id),
                control: Some(Control::Presence(status)),
                event: Event::Presence { user_id, status, last_seen },
            }
        };
        let tellings: Vec<_> = announcements.into_iter().map(telling).collect();
        for tellings in tellings.chunks(BATCH) {
            // Where it does not get through, whoever watches them finds out by asking.
            let _ = self.publish(self.take_id()?, tellings, None).await;
        }
        Ok(())
    }
}
