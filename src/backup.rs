//! Backups of a server on embedded parts: its data and its signing keys, in one folder.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::config::Config;
use crate::store::sqlite::{self, Contents};

const KEYS_FILE: &str = "signing-keys.json";

/// Copies the data folder into a new one, while a server uses it.
pub fn back_up(config: &Config, to: &Path) -> anyhow::Result<()> {
    embedded(config)?;
    let contents = sqlite::copy(&config.data, to)?;
    let keys = config.signing_keys();
    if keys.exists() {
        copy_keys(&keys, &to.join(KEYS_FILE))?;
    } else {
        eprintln!(
            "starling: there are no signing keys in {}; they are not in the backup",
            keys.display()
        );
    }
    println!("Backed up to {}: {}.", to.display(), Shown(contents));
    Ok(())
}

/// Puts a backup into the data folder, where there is no data.
pub fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    embedded(config)?;
    let (saved, keys) = (from.join(KEYS_FILE), config.signing_keys());
    // Before the data, so that a refusal changes nothing.
    let wanted = saved.exists() && !same(&saved, &keys);
    ensure!(
        !wanted || !keys.exists(),
        "There are other signing keys in {}; nothing was changed.",
        keys.display()
    );
    let contents = sqlite::copy(from, &config.data)?;
    if wanted {
        copy_keys(&saved, &keys)?;
    }
    println!("Restored into {}: {}.", config.data.display(), Shown(contents));
    Ok(())
}

fn embedded(config: &Config) -> anyhow::Result<()> {
    ensure!(
        !config.is_clustered(),
        "What a cluster keeps in ScyllaDB is backed up with ScyllaDB's own tools (nodetool snapshot)"
    );
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    fs::read(one).is_ok_and(|bytes| fs::read(other).is_ok_and(|others| others == bytes))
}

/// Only its owner may read it.
fn copy_keys(from: &Path, to: &Path) -> anyhow::Result<()> {
    let text = fs::read(from).with_context(|| format!("{} can't be read", from.display()))?;
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        file.write_all(&text)?;
        file.sync_all()
    };
    write().with_context(|| format!("{} can't be written", to.display()))
}

struct Shown(Contents);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Contents { users, rooms, messages, bytes } = self.0;
        let mib = bytes as f64 / f64::from(1 << 20);
        write!(f, "{users} people, {rooms} conversations, {messages} messages ({mib:.1} MiB)")
    }
}
