//! The scenario of two business days on four services: consecutive requests go to different ones.

use harness::{System, check_figures, run_first_day, run_next_day};

use crate::processes::SharedEnvironment;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_business_days_give_the_same_results_on_four_services_as_in_one_process() {
    let Some(environment) = SharedEnvironment::new("two business days over several services").await else { return };
    let (company, debtor, day) = run_first_day(environment.services().await).await;
    run_next_day(&company, &debtor, day).await;
    company.system.settle().await;
    check_figures(&company.admin, day, day.succ_opt().unwrap(), company.system.time_zone()).await;
    company.system.finish().await;
}
