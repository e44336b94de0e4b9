with order_lock as materialized (
    select pg_advisory_xact_lock_shared($4)
), input as (
    select
        task.number,
        task.task_id,
        task.title,
        task.reference,
        task.description,
        task.link,
        task.created_by,
        task.created_at,
        input.person_id
    from order_lock
    cross join unnest($1::uuid[], $2::uuid[]) as input (task_id, person_id)
    join tasks.tasks as task on task.task_id = input.task_id
    order by task.number
), deleted_open_tasks as (
    delete from tasks.open_tasks as open
    using input
    where open.number = input.number
        and open.assignee_id = input.person_id
    returning
        open.number,
        open.assignee_id,
        open.assignment,
        input.task_id,
        input.title,
        input.reference,
        input.description,
        input.link,
        input.created_by,
        input.created_at
), inserted_completed_tasks as (
    insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
    select number, assignee_id, assignment, $3
    from deleted_open_tasks
), outbox_row as (
    insert into tasks.outbox (event_id, weight, event)
    select
        $5,
        count(*),
        ($6 || json_build_object('completions', json_agg(json_build_object(
            'task_id', task_id,
            'title', title,
            'reference', reference,
            'completed_by', assignee_id,
            'completed_at', $3::timestamptz
        )))::text || '}')::json
    from deleted_open_tasks
    having count(*) > 0
)
select
    task.number as "number!",
    task.task_id as "task_id!",
    task.title as "title!",
    task.reference,
    task.description,
    task.link,
    task.created_by,
    creator.name as "created_by_name?",
    task.created_at as "created_at!",
    task.assignee_id as "assignee_id!",
    person.name as "assignee_name?",
    task.assignment as "assignments!",
    $3 as "completed_at?",
    price.fee_minor as "fee_minor?",
    price.reward_minor as "reward_minor?",
    price.currency as "currency?"
from deleted_open_tasks as task
left join tasks.people as person on person.person_id = task.assignee_id
left join tasks.people as creator on creator.person_id = task.created_by
left join tasks.prices as price on price.number = task.number
