//! Passwords as argon2id hashes, made by a bounded number of threads for a bounded number of waiting requests.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use kernel::Ambient;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// How many may wait for a thread; who comes then is sent away.
const QUEUE: usize = 64;
const SALT_BYTES: usize = 16;
/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What is checked when there is no such person: it takes the same time, and no password fits.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGllY2V3b3JrLWR1bW15IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords; clones share its threads.
#[derive(Clone)]
pub(crate) struct PasswordHashing {
    /// Everybody who is inside: running or waiting.
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl PasswordHashing {
    pub fn new(concurrency: usize) -> Self {
        Self { queue: Arc::new(Semaphore::new(concurrency + QUEUE)), running: Arc::new(Semaphore::new(concurrency)) }
    }

    /// The PHC string to store. `Error::Busy` when too many wait.
    pub async fn hash(&self, password: &str, ambient: &Ambient) -> Result<String, Error> {
        let mut salt = [0_u8; SALT_BYTES];
        ambient.fill(&mut salt);
        let password = password.to_owned();
        self.run(move || {
            let hash = argon2id()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits. Without a stored hash it works just as long, and says no.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        let password = password.to_owned();
        let known = stored.is_some();
        let stored = stored.unwrap_or(DUMMY_HASH).to_owned();
        self.run(move || {
            let hash = PasswordHash::new(&stored).map_err(internal)?;
            Ok(argon2id()?.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let queued = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Error::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(internal)?;
        // The work keeps its permits even if nobody waits for it any more: the thread is busy all the same.
        let permits: [OwnedSemaphorePermit; 2] = [queued, running];
        let work = move || {
            let result = work();
            drop(permits);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(internal)?
    }
}

fn argon2id() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other() {
        let hashing = PasswordHashing::new(2);
        let ambient = Ambient::manual(DateTime::UNIX_EPOCH, 1);
        let hash = hashing.hash("correct horse", &ambient).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hashing.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!hashing.verify("correct horse ", Some(&hash)).await.unwrap());
        assert_ne!(hash, hashing.hash("correct horse", &ambient).await.unwrap(), "every hash has its own salt");
    }

    #[tokio::test]
    async fn an_unknown_person_costs_the_same_work() {
        let dummy = PasswordHash::new(DUMMY_HASH).unwrap();
        let params = Params::try_from(&dummy).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert!(!PasswordHashing::new(1).verify("anything", None).await.unwrap());
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_sent_away() {
        let hashing = PasswordHashing::new(1);
        let blocked = Arc::clone(&hashing.running).acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..=QUEUE)
            .map(|_| {
                let hashing = hashing.clone();
                tokio::spawn(async move { hashing.run(|| Ok(())).await })
            })
            .collect();
        while hashing.queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(hashing.run(|| Ok(())).await, Err(Error::Busy)));
        drop(blocked);
        for waiter in waiting {
            waiter.await.unwrap().unwrap();
        }
        assert!(hashing.run(|| Ok(())).await.is_ok());
    }
}
