//! The keys that tokens are signed with, in a file that is kept from others.
//!
//! The first key signs; all of them verify. To replace a key, put a new one before it, and take
//! the old one out when everything signed with it has expired.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

/// As long as the output of SHA-256: RFC 7518, section 3.2.
const KEY_BYTES: usize = 32;

/// One key.
#[derive(Clone)]
pub struct Key {
    /// Its name in the tokens that it signed.
    pub id: String,
    pub secret: Vec<u8>,
}

#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    kid: String,
    secret: String,
}

impl Keys {
    /// Reads the keys; makes the file, with one new key and mode 0600, where there is none.
    pub fn load_or_create(path: &Path) -> anyhow::Result<Self> {
        match Self::load(path) {
            Ok(keys) => return Ok(keys),
            Err(error) if !is_missing(&error) => return Err(error),
            Err(_) => {}
        }
        let secret: [u8; KEY_BYTES] = rand::random();
        let kid: u64 = rand::random();
        let key = FileKey { kid: format!("{kid:016x}"), secret: URL_SAFE_NO_PAD.encode(secret) };
        let text = serde_json::to_string_pretty(&[key])?;
        // Written beside and linked, so that a half-written file is never found, and that of two who
        // begin at once both have the keys of the one who was first.
        let half = path.with_extension(format!("{kid:016x}"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&half)
            .with_context(|| format!("The key file {} can't be written.", path.display()))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&half, path);
        fs::remove_file(&half)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
            _ => Self::load(path),
        }
    }

    fn load(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("The key file {} can't be read.", path.display());
        let text = fs::read_to_string(path).with_context(named)?;
        let facts = fs::metadata(path).with_context(named)?;
        ensure!(
            is_private(facts.mode(), facts.uid(), geteuid().as_raw()),
            "The key file {} can be read by others (mode {:o}). Make it yours alone: chmod 600.",
            path.display(),
            facts.mode() & 0o777
        );
        let keys: Vec<FileKey> = serde_json::from_str(&text)
            .with_context(|| format!("The key file {} is not in its form.", path.display()))?;
        let mut loaded = Vec::new();
        for key in keys {
            ensure!(
                !key.kid.is_empty() && key.kid.bytes().all(fit_for_a_name),
                "A `kid` in {} has other characters than letters, digits, `-` and `_`.",
                path.display()
            );
            let secret = URL_SAFE_NO_PAD.decode(&key.secret).with_context(named)?;
            ensure!(
                secret.len() >= KEY_BYTES,
                "A key in {} is shorter than {KEY_BYTES} bytes.",
                path.display()
            );
            loaded.push(Key { id: key.kid, secret });
        }
        if loaded.is_empty() {
            bail!("The key file {} holds no key.", path.display());
        }
        Ok(Self(loaded))
    }

    /// The key that signs.
    pub fn signing(&self) -> &Key {
        &self.0[0]
    }

    pub fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

/// Whether the file is kept from others. One that root or another user hands to the server may be read
/// by its group, which is how the server is let in: so are the files of a Secret in Kubernetes mounted.
fn is_private(mode: u32, owner: u32, reader: u32) -> bool {
    let is_handed_over = owner == 0 || owner != reader;
    let allowed = if is_handed_over { 0o740 } else { 0o700 };
    mode & 0o777 & !allowed == 0
}

/// It stands in tokens, and so in headers and cookies.
fn fit_for_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_missing(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_file_may_be_read_by_the_group_of_who_handed_it_over() {
        let (root, server, other) = (0, 10_001, 1_000);
        for (mode, owner, expected) in [
            (0o600, server, true),
            (0o400, server, true),
            (0o640, server, false),
            (0o660, server, false),
            (0o604, server, false),
            (0o440, root, true),
            (0o640, root, true),
            (0o640, other, true),
            (0o660, root, false),
            (0o444, root, false),
            (0o444, other, false),
            (0o441, root, false),
        ] {
            assert_eq!(is_private(mode, owner, server), expected, "mode {mode:o} of {owner}");
        }
        assert!(is_private(0o440, root, root) && !is_private(0o444, root, root));
    }

    #[test]
    fn a_key_is_made_once_and_kept_to_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.json");
        let made = Keys::load_or_create(&path).expect("it is made");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keys::load_or_create(&path).expect("it is read");
        assert_eq!(again.signing().secret, made.signing().secret);
        assert!(made.find(&again.signing().id).is_some() && made.find("other").is_none());
    }

    #[test]
    fn nodes_that_begin_at_once_have_the_same_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.json");
        let nodes: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let path = path.clone();
                    move || Keys::load_or_create(&path).expect("keys").signing().secret.clone()
                })
            })
            .collect();
        let secrets: Vec<_> = nodes.into_iter().map(|node| node.join().expect("it ends")).collect();
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_bad_key_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.json");
        let secret = "A".repeat(43);
        let names = ["", "a.b", "a;b", "ä"];
        let unfit = names.map(|kid| format!(r#"[{{"kid":"{kid}","secret":"{secret}"}}]"#));
        let texts = ["", "[]", "{}", r#"[{"kid":"a","secret":"AAAA"}]"#].map(str::to_owned);
        for text in texts.iter().chain(&unfit) {
            fs::write(&path, text).expect("it is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode is set");
            assert!(Keys::load_or_create(&path).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), *text);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode is set");
        let error = Keys::load_or_create(&path).err().expect("it is refused").to_string();
        assert!(error.contains("644"), "{error}");
    }
}
