//! The price of a task, and the task's name that is stored with it (DOMAIN A2).

use contracts::TaskId;

use super::policy::{Policy, PriceRange};

/// The name of a task. An assignment event does not contain it.
#[derive(Debug, Clone, Default)]
pub struct TaskName {
    /// The task's title. `None`: not known yet.
    pub title: Option<String>,
    /// The task's ticket reference, if it has one.
    pub reference: Option<String>,
}

/// A stored price.
#[derive(Debug, Clone)]
pub struct Price {
    /// Whether the task's title is stored with the price.
    pub is_named: bool,
    /// Fee of one assignment, in minor units.
    pub fee_minor: i64,
    /// Reward of the completion, in minor units.
    pub reward_minor: i64,
}

/// A price that was drawn. It is stored unless another transaction stores one first.
pub struct NewPrice<'a> {
    /// The task that the price is for.
    pub task_id: TaskId,
    /// The task's name, as far as it is known.
    pub name: &'a TaskName,
    /// Fee of one assignment, in minor units.
    pub fee_minor: i64,
    /// Reward of the completion, in minor units.
    pub reward_minor: i64,
}

impl From<&NewPrice<'_>> for Price {
    fn from(price: &NewPrice<'_>) -> Self {
        Self { is_named: price.name.title.is_some(), fee_minor: price.fee_minor, reward_minor: price.reward_minor }
    }
}

/// The fee and the reward that are drawn for a task, in minor units.
///
/// They depend on the arguments only, so a price that was lost is the same when it is drawn again
/// (DOMAIN A2). The generator is SplitMix64. Only the secret seed makes prices unpredictable.
pub fn draw_price(policy: &Policy, seed: i64, task_id: TaskId) -> (i64, i64) {
    let (high, low) = task_id.uuid().as_u64_pair();
    let state = mix(mix(seed.cast_unsigned() ^ high) ^ low);
    (draw(policy.fee, mix(state.wrapping_add(GOLDEN))), draw(policy.reward, mix(state.wrapping_add(GOLDEN << 1))))
}

/// The step of SplitMix64 from one number to the next.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output of SplitMix64 for a state.
const fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// The place of a random number in a range.
fn draw(range: PriceRange, random: u64) -> i64 {
    let units = u128::from(range.low.abs_diff(range.high)) + 1;
    let place = (u128::from(random) * units) >> 64;
    (range.low + i64::try_from(place).unwrap_or_default()) * range.unit_minor
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::settings::Settings;

    fn prices(seed: i64, tasks: u128) -> Vec<(i64, i64)> {
        let policy = Policy::parse(&Settings::default()).unwrap();
        (0..tasks).map(|task| draw_price(&policy, seed, Uuid::from_u128(task).into())).collect()
    }

    #[test]
    fn a2_a_price_that_is_drawn_again_is_the_same_in_every_version() {
        assert_eq!(prices(7, 100), prices(7, 100));
        assert_ne!(prices(7, 100), prices(8, 100));
        assert_eq!(prices(7, 3), [(1_700, 2_900), (1_400, 4_000), (1_500, 3_700)]);
    }

    #[test]
    fn a2_prices_are_uniform() {
        let (draws, prices) = (100_000_u32, prices(42, 100_000));
        for (range, values) in [
            (10..=20, prices.iter().map(|(fee, _)| fee / 100).collect::<Vec<_>>()),
            (20..=40, prices.iter().map(|(_, reward)| reward / 100).collect()),
        ] {
            let (low, high): (i64, i64) = range.into_inner();
            let mut counts = vec![0_i64; usize::try_from(high - low + 1).unwrap()];
            for value in values {
                counts[usize::try_from(value - low).unwrap()] += 1;
            }
            let expected = f64::from(draws) / counts.len() as f64;
            // Chi-square with 10 and 20 degrees of freedom: one sequence in a thousand exceeds 29.6
            // and 45.3. The seed is fixed.
            let chi_square: f64 = counts.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum();
            assert!(chi_square < if high == 20 { 29.6 } else { 45.3 }, "{counts:?}");
        }
    }
}
