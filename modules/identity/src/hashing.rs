//! Hashing of passwords with argon2id, on a limited number of threads with memory that is reused.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use kernel::Ambient;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// Maximum number of requests that wait for a thread. A further request gets `Error::Busy`.
const WAITING_MAX: usize = 64;
/// Number of random bytes of a salt.
const SALT_BYTES: usize = 16;
/// Number of bytes of a hash.
const HASH_BYTES: usize = 32;
/// Memory of one hash, in KiB. Memory, passes and lanes are OWASP's first choice for argon2id.
const MEMORY_KIB: u32 = 19_456;
/// Number of passes over the memory.
const PASSES: u32 = 2;
/// Number of lanes.
const LANES: u32 = 1;
/// The hash that is checked for an unknown person, so that the check takes the same time. No
/// password matches it.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cGllY2V3b3JrLWR1bW15IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The memory that one hash fills. It is allocated once and reused, because an allocator does not
/// give such blocks back when threads free them.
type Memory = Box<[Block]>;

/// Is part of the number that a gauge shows until it is dropped.
struct Counted(metrics::Gauge);

impl Counted {
    fn new(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Hashes and checks passwords. Clones share the limits and the memory.
#[derive(Clone)]
pub(crate) struct PasswordHashing {
    /// One permit for each request that is running or waiting.
    admitted: Arc<Semaphore>,
    /// One permit for each thread.
    running: Arc<Semaphore>,
    /// The memory that no thread uses at present. Each thread adds the memory that it allocated.
    free: Arc<Mutex<Vec<Memory>>>,
}

/// How many passwords are hashed at the same time: at most `wanted`, and one fewer than the cores,
/// so that a flood of logins leaves a core for all other requests.
pub(crate) fn concurrency(wanted: usize) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    wanted.min(cores.saturating_sub(1)).max(1)
}

impl PasswordHashing {
    /// Hashes up to `concurrency` passwords at the same time.
    pub fn new(concurrency: usize) -> Self {
        Self {
            admitted: Arc::new(Semaphore::new(concurrency + WAITING_MAX)),
            running: Arc::new(Semaphore::new(concurrency)),
            free: Arc::default(),
        }
    }

    /// The PHC string to store; `Error::Busy` if too many requests wait.
    pub async fn hash(&self, password: &str, ambient: &Ambient) -> Result<String, Error> {
        let mut salt = [0_u8; SALT_BYTES];
        ambient.fill(&mut salt);
        let password = password.to_owned();
        self.run(move |memory| hash_into_phc(&password, &salt, memory)).await
    }

    /// Whether the password matches the stored hash. Without a stored hash the answer is no and
    /// takes the same time.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Error> {
        let password = password.to_owned();
        let known = stored.is_some();
        let stored = stored.unwrap_or(DUMMY_HASH).to_owned();
        self.run(move |memory| Ok(is_hash_of(&password, &stored, memory)? && known)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| {
            metrics::counter!("piecework_password_hashing_refused_total").increment(1);
            Error::Busy
        })?;
        let waiting = Counted::new(metrics::gauge!("piecework_password_hashing_waiting"));
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(internal)?;
        drop(waiting);
        // The thread holds the permits, because it stays busy if the request is cancelled.
        let permits: [OwnedSemaphorePermit; 2] = [admitted, running];
        let running = Counted::new(metrics::gauge!("piecework_password_hashing_running"));
        let free = Arc::clone(&self.free);
        let work = move || {
            let reused = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = reused.unwrap_or_else(|| allocate(MEMORY_KIB as usize));
            let result = work(&mut memory);
            free.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            drop((permits, running));
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(internal)?
    }
}

/// Whether the hash was made with other parameters than new hashes are, so that it should be
/// replaced when the password is known.
pub(crate) fn is_outdated(stored: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored) else { return true };
    let is_current = params().is_ok_and(|params| ParamsString::try_from(&params).is_ok_and(|it| it == hash.params));
    let is_long = hash.hash.is_some_and(|hash| hash.len() == HASH_BYTES);
    !(is_current && is_long && hash.algorithm == ARGON2ID_IDENT && hash.version == Some(Version::V0x13.into()))
}

fn params() -> Result<Params, Error> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(internal)
}

fn allocate(blocks: usize) -> Memory {
    vec![Block::new(); blocks].into_boxed_slice()
}

fn hash_into_phc(password: &str, salt: &[u8], memory: &mut [Block]) -> Result<String, Error> {
    let params = params()?;
    let mut output = [0_u8; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory)
        .map_err(internal)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(internal)?,
        salt: Some(Salt::new(salt).map_err(internal)?),
        hash: Some(Output::new(&output).map_err(internal)?),
    };
    Ok(hash.to_string())
}

/// Whether the password has the stored hash, with the parameters of that hash.
fn is_hash_of(password: &str, stored: &str, memory: &mut [Block]) -> Result<bool, Error> {
    let stored = PasswordHash::new(stored).map_err(internal)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(internal("a stored hash has no salt or no hash"));
    };
    let params = Params::try_from(&stored).map_err(internal)?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(internal)?;
    let version = stored.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(internal)?;
    let mut larger = None;
    let memory = if params.block_count() > memory.len() {
        // An older hash that took more memory. The login replaces it.
        &mut **larger.insert(allocate(params.block_count()))
    } else {
        memory
    };
    let mut output = [0_u8; Output::MAX_LENGTH];
    let output = output.get_mut(..expected.len()).ok_or_else(|| internal("a stored hash is too long"))?;
    Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, output, memory)
        .map_err(internal)?;
    // Outputs are compared in constant time.
    Ok(Output::new(output).map_err(internal)? == *expected)
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests;
