//! The Lua scripts. A script is put together from parts, as Redis has no way to include one.

use redis::{Cmd, Pipeline, cmd};

const BEGIN: &str = include_str!("lua/begin.lua");
const EVENT: &str = include_str!("lua/event.lua");
const WINDOW: &str = include_str!("lua/window.lua");
const PERSON: &str = include_str!("lua/person.lua");

/// One script: its text, and the hash that Redis knows it by.
pub(super) struct Script {
    text: String,
    hash: String,
}

pub(super) struct Scripts {
    pub epoch: Script,
    pub publish: Script,
    pub publish_claimed: Script,
    pub admit: Script,
    pub limit: Script,
    pub lease: Script,
    pub choose: Script,
    pub sweep: Script,
}

impl Scripts {
    /// `clustered`: events go over sharded channels, which stay within the slot of their topic.
    pub fn new(clustered: bool) -> Self {
        let script = |parts: &[&str]| {
            let text = parts.concat();
            let text = if clustered { text.replace("'PUBLISH'", "'SPUBLISH'") } else { text };
            let hash = redis::Script::new(&text).get_hash().to_owned();
            Script { text, hash }
        };
        Self {
            epoch: script(&[BEGIN, include_str!("lua/epoch.lua")]),
            publish: script(&[BEGIN, EVENT, include_str!("lua/publish.lua")]),
            publish_claimed: script(&[BEGIN, EVENT, include_str!("lua/publish_claimed.lua")]),
            admit: script(&[WINDOW, include_str!("lua/admit.lua")]),
            limit: script(&[WINDOW, include_str!("lua/limit.lua")]),
            lease: script(&[PERSON, include_str!("lua/lease.lua")]),
            choose: script(&[PERSON, include_str!("lua/choose.lua")]),
            sweep: script(&[PERSON, include_str!("lua/sweep.lua")]),
        }
    }

    /// Loads all of them.
    pub fn load(&self) -> Pipeline {
        let mut load = redis::pipe();
        for script in [
            &self.epoch,
            &self.publish,
            &self.publish_claimed,
            &self.admit,
            &self.limit,
            &self.lease,
            &self.choose,
            &self.sweep,
        ] {
            load.cmd("SCRIPT").arg("LOAD").arg(&script.text).ignore();
        }
        load
    }
}

impl Script {
    /// A call of it with these keys; the arguments follow.
    pub fn call<K: AsRef<[u8]>>(&self, keys: &[K]) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len());
        for key in keys {
            call.arg(key.as_ref());
        }
        call
    }
}
