//! The scenario of two business days in one process, on a clock that the test moves.

use harness::{System, TestApp, run_first_day, run_next_day};

use crate::figures::check_figures_now;

#[tokio::test]
async fn two_business_days_from_a_system_without_people_to_two_payouts() {
    let (mut company, debtor, monday) = run_first_day(TestApp::new().await).await;
    assert_eq!(monday.to_string(), "2026-11-02");

    company.next_morning("2026-11-03").await;
    let debtor = company.system.log_in_again(&debtor).await;
    run_next_day(&company, &debtor, monday).await;
    check_figures_now(&company, "2026-11-02", "2026-11-03").await;

    company.next_morning("2026-11-04").await;
    check_figures_now(&company, "2026-11-02", "2026-11-04").await;
    company.finish().await;
}
