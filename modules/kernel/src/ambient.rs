//! The door through which time, ids and randomness come in.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use contracts::Id;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use uuid::Uuid;

/// Time and randomness of this process; clones share both.
#[derive(Clone)]
pub struct Ambient {
    clock: Clock,
    random: Arc<Mutex<StdRng>>,
}

#[derive(Clone)]
enum Clock {
    System,
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Ambient {
    /// The machine's clock and a generator seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System, random: Arc::new(Mutex::new(rand::make_rng())) }
    }

    /// A clock that stands still until it is moved, and a generator that repeats itself for the same seed.
    #[must_use]
    pub fn manual(now: DateTime<Utc>, seed: u64) -> Self {
        Self {
            clock: Clock::Manual(Arc::new(Mutex::new(now))),
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
        }
    }

    /// A clock that stands still until it is moved, with the operating system's randomness: for a history that is played through.
    #[must_use]
    pub fn moving(now: DateTime<Utc>) -> Self {
        Self { clock: Clock::Manual(Arc::new(Mutex::new(now))), random: Arc::new(Mutex::new(rand::make_rng())) }
    }

    /// Now, to the microsecond: what PostgreSQL can keep.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.clock {
            #[expect(clippy::disallowed_methods, reason = "this is the door")]
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock to `to`; the system's clock cannot be moved and stays.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Clock::Manual(now) = &self.clock {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a manual clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// A new UUIDv7, ordered by this clock to the millisecond.
    #[must_use]
    pub fn new_id<T>(&self) -> Id<T> {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        Id::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid() as Uuid)
    }

    /// Random bytes: fit for secrets when the ambient is the system's.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A seed for a draw that is to be recorded.
    #[must_use]
    pub fn seed(&self) -> i64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// Uniform over `low..=high`, both ends included.
    #[must_use]
    pub fn uniform(&self, low: i64, high: i64) -> i64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random_range(low..=high)
    }
}
