//! The whole story over four services, each request of it at another one of them.

use crate::acts;
use crate::ledger::check_figures;
use crate::stage::Stage;
use crate::world::Ground;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_services_tell_the_same_story_as_one_process_whichever_is_asked() {
    let Some(ground) = Ground::new("the story over several services").await else { return };
    let (company, debtor, day) = acts::the_first_day(ground.services().await).await;
    acts::the_next_day(&company, &debtor, day).await;
    company.world.settle().await;
    check_figures(&company.admin, day, day.succ_opt().unwrap(), company.world.zone()).await;
    company.world.finish().await;
}
