//! The random draw of an assignee (DOMAIN T2, T4, T8).

use chrono::{DateTime, Utc};
use contracts::{PersonId, TaskId};

/// The assignable people as of one moment. A draw chooses one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Increases with each change of the pool. The pool with the highest id is the current pool.
    pub pool_id: i64,
    /// The people in the order of their ids.
    pub members: Vec<PersonId>,
}

/// A page of a pool, as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPool {
    /// When the pool became the current one.
    pub created_at: DateTime<Utc>,
    /// Number of people in the pool.
    pub size: usize,
    /// The people of the page.
    pub members: Vec<PoolMember>,
}

/// A person of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolMember {
    /// The place in the pool, from 0.
    pub place: usize,
    /// The person.
    pub person_id: PersonId,
    /// The person's name; `None` if the module does not know the person yet.
    pub name: Option<String>,
}

/// A draw as it was recorded with an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDraw {
    /// The task that was assigned.
    pub task_id: TaskId,
    /// The number of the assignment, from 1.
    pub assignment: i32,
    /// The person the draw chose.
    pub assignee_id: PersonId,
    /// The pool the draw chose from.
    pub pool_id: i64,
    /// The seed of the transaction's draws.
    pub seed: i64,
    /// The place of this draw among the draws of the seed, from 0.
    pub draw_index: i32,
}

impl Pool {
    /// Whether no person can be drawn.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The person that draw `index` of `seed` chooses; `None` if the pool is empty.
    #[must_use]
    pub fn draw(&self, seed: i64, index: u32) -> Option<PersonId> {
        let size = self.members.len();
        (size > 0).then(|| self.members[draw(seed, index, size)])
    }
}

impl RecordedDraw {
    /// Whether the same draw from `pool` chooses the same person again (DOMAIN T8).
    #[must_use]
    pub fn is_reproduced_by(&self, pool: &Pool) -> bool {
        let drawn = u32::try_from(self.draw_index).ok().and_then(|index| pool.draw(self.seed, index));
        drawn == Some(self.assignee_id)
    }
}

/// Draw `index` of `seed`: a place below `size`. The generator is SplitMix64; a multiplication maps
/// its output to the places.
///
/// The result depends on the arguments only, so a recorded draw can be repeated (DOMAIN T8). The
/// deviation from a uniform distribution is below `size / 2^64`. `size` must not be zero.
#[must_use]
pub fn draw(seed: i64, index: u32, size: usize) -> usize {
    let mut state = seed.cast_unsigned().wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(u64::from(index) + 1));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^= state >> 31;
    ((u128::from(state) * size as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t8_a_repeated_draw_has_the_same_result_and_is_below_the_size() {
        // This result is fixed: recorded draws must be repeatable in every later version.
        let first: Vec<usize> = (0..8).map(|index| draw(42, index, 10)).collect();
        assert_eq!(first, (0..8).map(|index| draw(42, index, 10)).collect::<Vec<_>>());
        assert_eq!(draw(42, 0, 1_000), 741);
        for size in [1, 2, 3, 7, 1_000_000] {
            assert!((0..1_000).all(|index| draw(-1, index, size) < size));
        }
    }

    #[test]
    fn t2_draws_are_uniform() {
        let (size, draws) = (10_usize, 100_000_u32);
        let mut counts = vec![0_i64; size];
        for index in 0..draws {
            counts[draw(7, index, size)] += 1;
        }
        let expected = i64::from(draws) / 10;
        // Chi-square with 9 degrees of freedom: one sequence in a thousand exceeds 27.9. The seed
        // is fixed.
        let chi_square = counts.iter().map(|count| (count - expected).pow(2) as f64 / expected as f64).sum::<f64>();
        assert!(chi_square < 27.9, "{counts:?}");
    }
}
