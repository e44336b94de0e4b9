//! The whole story: from an empty system to two paid days, as its people live it, in one process on a clock of ours.

use crate::acts;
use crate::support::{Stage, World};

#[tokio::test]
async fn from_an_empty_system_to_two_paid_days() {
    let (mut company, debtor, monday) = acts::the_first_day(World::new().await).await;
    assert_eq!(monday.to_string(), "2026-11-02");

    company.next_morning("2026-11-03").await;
    let debtor = company.world.again(&debtor).await;
    acts::the_next_day(&company, &debtor, monday).await;
    company.check_figures("2026-11-02", "2026-11-03").await;

    company.next_morning("2026-11-04").await;
    company.check_figures("2026-11-02", "2026-11-04").await;
    company.finish().await;
}
