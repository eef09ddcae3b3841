//! Password hashes: Argon2id, on threads of their own, a few at once.
//!
//! A hash costs a core for some 80 ms. So no more than [`Passwords::new`]'s `threads` run at once,
//! and no more than `waiting` wait; a flood of log-ins is refused beyond that, and messages don't
//! notice it.

use std::sync::Arc;
use std::time::Instant;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::observe;

/// OWASP's recommendation, Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
pub const DEFAULT_MEMORY_KIB: u32 = 19 * 1024;
pub const DEFAULT_PASSES: u32 = 2;

#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// What is verified where there is no account, so that an answer takes as long.
    nobody: Arc<str>,
}

/// Whether it is a PHC string: what [`Passwords::hash`] makes.
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok()
}

/// Too many wait for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Passwords {
    /// Hashes with `memory_kib` and `passes`, on at most `threads` threads at once; at most
    /// `waiting` more wait for a turn.
    pub fn new(
        memory_kib: u32,
        passes: u32,
        threads: usize,
        waiting: usize,
    ) -> anyhow::Result<Self> {
        let params = Params::new(memory_kib, passes, 1, None).map_err(|error| {
            anyhow::anyhow!("These parameters of Argon2id are not allowed: {error}")
        })?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon2
            .hash_password(b"nobody has this password")
            .map_err(|error| anyhow::anyhow!("Argon2id fails: {error}"))?
            .to_string();
        Ok(Self {
            argon2,
            turns: Arc::new(Semaphore::new(threads)),
            places: Arc::new(Semaphore::new(threads + waiting)),
            nobody: nobody.into(),
        })
    }

    /// A PHC string.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        let argon2 = self.argon2.clone();
        self.run(move || {
            let hash = argon2.hash_password(password.as_bytes());
            hash.expect("a password is shorter than 4 GiB, and there is randomness").to_string()
        })
        .await
    }

    /// Whether the password belongs to the hash; `None`: there is no such account.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Busy> {
        let argon2 = self.argon2.clone();
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let same = self
            .run(move || {
                let Ok(hash) = PasswordHash::new(&hash) else { return false };
                argon2.verify_password(password.as_bytes(), &hash).is_ok()
            })
            .await?;
        Ok(exists && same)
    }

    async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let began = Instant::now();
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Busy)?;
        let hashed = tokio::task::spawn_blocking(move || {
            let result = f();
            // Given back here and not where it is awaited: whoever asked may have gone away.
            drop((turn, place));
            result
        });
        let result = hashed.await.map_err(|_| Busy)?;
        observe::PASSWORD_HASHES.time("", began);
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_and_nobodys_is_not() {
        let passwords = Passwords::new(64, 1, 1, 4).expect("parameters");
        let hash = passwords.hash("correct horse".into()).await.expect("a turn");
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(passwords.verify("correct horse".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("wrong horse".into(), Some(hash)).await, Ok(false));
        assert_eq!(passwords.verify("nobody has this password".into(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn beyond_its_places_it_is_busy_and_recovers() {
        let passwords = Passwords::new(64 * 1024, 2, 1, 2).expect("parameters");
        let many = (0..8).map(|_| passwords.hash("password".into()));
        let done = futures_util::future::join_all(many).await;
        let busy = done.iter().filter(|result| result.is_err()).count();
        assert_eq!(busy, 8 - 3, "one runs and two wait");
        assert!(passwords.hash("password".into()).await.is_ok());
    }
}
