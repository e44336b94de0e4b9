//! The table `tasks.tasks`: what a task contains. A row of it never changes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::events::tasks::CreatedTask;
use contracts::{Money, PersonId, TaskId};
use kernel::db::Envelope;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::event_order::ORDER_LOCK;
use crate::domain::{DrawnTask, NewTask, NumberRange, Price, Status, Task, TaskFilter};

/// A task with its assignee and its price, as every statement that reads tasks returns it.
pub(super) struct TaskRow {
    pub number: i64,
    pub task_id: Uuid,
    pub title: String,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub link: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_by_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub assignee_id: Uuid,
    pub assignee_name: Option<String>,
    pub assignments: i32,
    pub completed_at: Option<DateTime<Utc>>,
    pub fee_minor: Option<i64>,
    pub reward_minor: Option<i64>,
    pub currency: Option<String>,
}

impl TaskRow {
    fn price(&self) -> Option<Price> {
        let currency = self.currency.as_deref()?.parse().ok()?;
        Some(Price {
            fee: Money { amount_minor: self.fee_minor?, currency },
            reward: Money { amount_minor: self.reward_minor?, currency },
        })
    }
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self {
            price: row.price(),
            number: row.number,
            task_id: row.task_id.into(),
            title: row.title,
            reference: row.reference,
            description: row.description,
            link: row.link,
            created_by: row.created_by.map(PersonId::from),
            created_by_name: row.created_by_name,
            created_at: row.created_at,
            assignee_id: row.assignee_id.into(),
            assignee_name: row.assignee_name,
            assignments: row.assignments,
            completed_at: row.completed_at,
        }
    }
}

/// What the database adds to a task that it inserts.
struct InsertedRow {
    task_id: Uuid,
    number: i64,
    assignee_name: Option<String>,
    created_by_name: Option<String>,
}

/// Inserts tasks with their first assignments and publishes them in one event, if `pool_id` is the
/// current pool. A task whose import key exists is skipped. Returns the new tasks in the order
/// given.
pub async fn insert_tasks(
    connection: &mut PgConnection,
    tasks: &[DrawnTask<'_>],
    pool_id: i64,
    seed: i64,
    now: DateTime<Utc>,
    envelope: &Envelope,
) -> Result<Vec<Task>, sqlx::Error> {
    let fields = || tasks.iter().map(|drawn| &drawn.command.task);
    let commands = || tasks.iter().map(|drawn| drawn.command);
    let ids: Vec<Uuid> = tasks.iter().map(|drawn| drawn.task_id.uuid()).collect();
    let titles: Vec<&str> = fields().map(|task| task.title.as_str()).collect();
    let references: Vec<Option<&str>> = fields().map(|task| task.reference.as_deref()).collect();
    let descriptions: Vec<Option<&str>> = fields().map(|task| task.description.as_deref()).collect();
    let links: Vec<Option<&str>> = fields().map(|task| task.link.as_deref()).collect();
    let creators: Vec<Option<Uuid>> = commands().map(|command| command.created_by.map(PersonId::uuid)).collect();
    let import_keys: Vec<Option<&str>> = commands().map(|command| command.import_key.as_deref()).collect();
    let assignees: Vec<Uuid> = tasks.iter().map(|drawn| drawn.assignee_id.uuid()).collect();
    let draw_indexes: Vec<i32> = tasks.iter().map(|drawn| drawn.draw_index.cast_signed()).collect();
    let inserted = sqlx::query_file_as!(
        InsertedRow,
        "src/store/insert_tasks.sql",
        &ids,
        &titles as &[&str],
        &references as &[Option<&str>],
        &descriptions as &[Option<&str>],
        &links as &[Option<&str>],
        &creators as &[Option<Uuid>],
        &import_keys as &[Option<&str>],
        &assignees,
        &draw_indexes,
        now,
        pool_id,
        seed,
        ORDER_LOCK,
        envelope.event_id(),
        envelope.head(),
    )
    .fetch_all(connection)
    .await?;
    let mut inserted: HashMap<Uuid, InsertedRow> = inserted.into_iter().map(|row| (row.task_id, row)).collect();
    let created = |drawn: &DrawnTask<'_>| Some(new_task(drawn, inserted.remove(&drawn.task_id.uuid())?, now));
    Ok(tasks.iter().filter_map(created).collect())
}

/// The content and the creator of each task with one of these import keys, after the key.
pub async fn list_imported_tasks(
    connection: &mut PgConnection,
    import_keys: &[&str],
) -> Result<Vec<(String, NewTask, Option<PersonId>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select import_key as "import_key!", title, reference, description, link, created_by
         from tasks.tasks
         where import_key = any($1)"#,
        import_keys as &[&str]
    )
    .fetch_all(connection)
    .await?;
    let imported = rows.into_iter().map(|row| {
        let task = NewTask { title: row.title, reference: row.reference, description: row.description, link: row.link };
        (row.import_key, task, row.created_by.map(PersonId::from))
    });
    Ok(imported.collect())
}

/// The task that an insert has created. Accounting has not set its price yet.
fn new_task(drawn: &DrawnTask<'_>, inserted: InsertedRow, now: DateTime<Utc>) -> Task {
    let NewTask { title, reference, description, link } = drawn.command.task.clone();
    Task {
        number: inserted.number,
        task_id: drawn.task_id,
        title,
        reference,
        description,
        link,
        created_by: drawn.command.created_by,
        created_by_name: inserted.created_by_name,
        created_at: now,
        assignee_id: drawn.assignee_id,
        assignee_name: inserted.assignee_name,
        assignments: 1,
        completed_at: None,
        price: None,
    }
}

/// One task, by its public id.
pub async fn load_task(connection: &mut PgConnection, task_id: TaskId) -> Result<Option<Task>, sqlx::Error> {
    let number = sqlx::query_scalar!("select number from tasks.tasks where task_id = $1", task_id.uuid())
        .fetch_optional(&mut *connection)
        .await?;
    match number {
        Some(number) => Ok(list_tasks_by_number(connection, &[number]).await?.pop()),
        None => Ok(None),
    }
}

/// The tasks with these public ids, newest first.
pub async fn list_tasks_by_id(connection: &mut PgConnection, task_ids: &[TaskId]) -> Result<Vec<Task>, sqlx::Error> {
    let task_ids: Vec<Uuid> = task_ids.iter().map(|task_id| task_id.uuid()).collect();
    let numbers = sqlx::query_scalar!("select number from tasks.tasks where task_id = any($1)", &task_ids)
        .fetch_all(&mut *connection)
        .await?;
    list_tasks_by_number(connection, &numbers).await
}

/// Tasks whose title or reference contains `search`, in upper or lower case, and whose number is
/// below `before`, newest first.
pub async fn list_tasks_by_search(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    search: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Task>, sqlx::Error> {
    let escaped = search.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let numbers = sqlx::query_scalar!(
        "
        select task.number
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        where lower(task.title || ' ' || coalesce(task.reference, '')) like '%' || $1 || '%'
            and task.number < $2
            and ($3::boolean is null or (open.number is not null) = $3)
            and ($4::uuid is null or coalesce(open.assignee_id, completed.completed_by) = $4)
            and ($5::timestamptz is null or task.created_at >= $5)
            and ($6::timestamptz is null or task.created_at < $6)
        order by task.number desc
        limit $7
        ",
        escaped,
        before,
        filter.status.map(|status| status == Status::Open),
        filter.assignee.map(PersonId::uuid),
        filter.created_from,
        filter.created_before,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_tasks_by_number(connection, &numbers).await
}

/// The highest number of the tasks whose id is below `from`, and the lowest number of those whose
/// id is not below `to`. Ids begin with the time of their creation, so their index finds a time.
pub async fn load_number_bounds(
    connection: &mut PgConnection,
    from: Uuid,
    to: Uuid,
) -> Result<(Option<i64>, Option<i64>), sqlx::Error> {
    let row = sqlx::query!(
        "
        select
            (select number from tasks.tasks where task_id < $1 order by task_id desc limit 1) as before,
            (select number from tasks.tasks where task_id >= $2 order by task_id limit 1) as after
        ",
        from,
        to,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.before, row.after))
}

/// The tasks with these numbers, newest first.
async fn list_tasks_by_number(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<Task>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskRow,
        r#"
        select
            task.number,
            task.task_id,
            task.title,
            task.reference,
            task.description,
            task.link,
            task.created_by,
            (select name from tasks.people where person_id = task.created_by) as "created_by_name?",
            task.created_at,
            coalesce(open.assignee_id, completed.completed_by) as "assignee_id!",
            person.name as "assignee_name?",
            coalesce(open.assignment, completed.assignment) as "assignments!",
            completed.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        left join tasks.people as person on person.person_id = coalesce(open.assignee_id, completed.completed_by)
        left join tasks.prices as price on price.number = task.number
        where task.number = any($1)
        order by task.number desc
        "#,
        numbers,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// The creations of the tasks in the range, each with the number of its task, in this order.
pub async fn list_creations(
    connection: &mut PgConnection,
    range: NumberRange,
    rows: i64,
) -> Result<Vec<(i64, CreatedTask)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select task.number, task.task_id, task.title, task.reference, task.created_at, drawn.assignee_id
        from tasks.tasks as task
        join tasks.assignments as drawn on drawn.number = task.number and drawn.assignment = 1
        where task.number > $1
            and task.number <= $2
        order by task.number
        limit $3
        ",
        range.after,
        range.until,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let creations = rows.into_iter().map(|row| {
        let task = CreatedTask {
            task_id: row.task_id.into(),
            title: row.title,
            reference: row.reference,
            assignee_id: row.assignee_id.into(),
            created_at: row.created_at,
        };
        (row.number, task)
    });
    Ok(creations.collect())
}

/// The numbers of those of these tasks that exist.
pub async fn list_task_numbers(connection: &mut PgConnection, task_ids: &[TaskId]) -> Result<Vec<i64>, sqlx::Error> {
    let task_ids: Vec<Uuid> = task_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar!("select number from tasks.tasks where task_id = any($1) order by number", &task_ids)
        .fetch_all(connection)
        .await
}
