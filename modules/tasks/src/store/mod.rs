//! The SQL of the tasks module, one file a table.

mod assignments;
mod completed_tasks;
mod event_order;
mod open_tasks;
mod people;
mod pools;
mod prices;
mod reassignments;
mod tasks;
mod verify;

pub use assignments::{list_assigned_numbers, list_assignments, list_run_assignments};
pub use completed_tasks::{
    count_completed_since, insert_completed_tasks, list_completed_tasks, list_completed_tasks_of_person,
    list_completions, list_latest_completions, list_latest_completions_of_person,
};
pub use event_order::{load_last_order, lock_order_exclusive, lock_order_shared};
pub use open_tasks::{
    count_open_tasks, count_open_tasks_by_person, count_shown_tasks, exists_open_task, list_open_tasks,
    list_open_tasks_by_reward, list_open_tasks_of_person, load_reassignment_preview, lock_next_open_tasks,
    update_assignees,
};
pub use people::{list_assignable_ids, list_names, list_person_ids_by_email, upsert_people};
pub use pools::{insert_pool, load_current_pool, load_pool, load_pool_created_at};
pub use prices::{insert_prices, load_sum_of_fees};
pub use reassignments::{
    count_unfinished_reassignments, insert_reassignment, list_reassignments, load_next_reassignment, load_reassignment,
    lock_runs, update_last_error, update_reassignment,
};
pub use tasks::{
    insert_tasks, list_creations, list_imported_tasks, list_task_numbers, list_tasks_by_id, list_tasks_by_search,
    load_number_bounds, load_task,
};
pub use verify::{
    list_stranded_tasks, list_tasks_that_differ_from_their_draws, list_tasks_without_one_status, stream_draws,
    stream_recent_task_ids, stream_task_facts, stream_task_people,
};
