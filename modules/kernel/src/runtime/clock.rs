//! The only source of time, ids and randomness.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use contracts::Id;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use uuid::Uuid;

/// The clock and the random generator of this process. Clones share both.
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
    /// The system clock, and a generator seeded by the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System, random: Arc::new(Mutex::new(rand::make_rng())) }
    }

    /// A clock that stands still until it is set, and a generator whose numbers follow from `seed`.
    #[must_use]
    pub fn manual(now: DateTime<Utc>, seed: u64) -> Self {
        Self {
            clock: Clock::Manual(Arc::new(Mutex::new(now))),
            random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
        }
    }

    /// A clock that stands still until it is set, and a generator seeded by the operating system:
    /// for a demo that plays through several days.
    #[must_use]
    pub fn moving(now: DateTime<Utc>) -> Self {
        Self { clock: Clock::Manual(Arc::new(Mutex::new(now))), random: Arc::new(Mutex::new(rand::make_rng())) }
    }

    /// The current time in microseconds, which is the resolution of PostgreSQL.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.clock {
            #[expect(clippy::disallowed_methods, reason = "this is the only place that reads the clock")]
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Sets a manual clock. The system clock does not change.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Clock::Manual(now) = &self.clock {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a manual clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// A new UUIDv7. Ids are ordered by this clock to the millisecond.
    #[must_use]
    pub fn new_id<T>(&self) -> Id<T> {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        Id::from(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid() as Uuid)
    }

    /// Fills `bytes` with random bytes. Those of `Ambient::system` can be used for secrets.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A seed for a random choice that is recorded.
    #[must_use]
    pub fn seed(&self) -> i64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// A number that is uniformly distributed over `low..=high`.
    #[must_use]
    pub fn uniform(&self, low: i64, high: i64) -> i64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random_range(low..=high)
    }
}
