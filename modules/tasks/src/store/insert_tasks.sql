with current_pool as materialized (
    select tasks.pool_under_order_lock($13) as pool_id
), input as (
    select input.*
    from current_pool
    cross join
        unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::uuid[], $9::integer[])
        with ordinality
        as input (task_id, title, reference, description, link, created_by, import_key, assignee_id, draw_index, place)
    where current_pool.pool_id = $11
), inserted_tasks as (
    insert into tasks.tasks (task_id, title, reference, description, link, created_by, import_key, created_at)
    select task_id, title, reference, description, link, created_by, import_key, $10
    from input
    order by place
    on conflict (import_key) do nothing
    returning number, task_id
), inserted_open_tasks as (
    insert into tasks.open_tasks (number, assignee_id, assignment)
    select inserted_tasks.number, input.assignee_id, 1
    from inserted_tasks
    join input using (task_id)
), inserted_assignments as (
    insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index)
    select inserted_tasks.number, 1, input.assignee_id, $10, $11, $12, input.draw_index
    from inserted_tasks
    join input using (task_id)
), outbox_row as (
    insert into tasks.outbox (event_id, weight, event)
    select
        $14,
        count(*),
        ($15 || json_build_object('tasks', json_agg(json_build_object(
            'task_id', input.task_id,
            'title', input.title,
            'reference', input.reference,
            'assignee_id', input.assignee_id,
            'created_at', $10::timestamptz
        )))::text || '}')::json
    from inserted_tasks
    join input using (task_id)
    having count(*) > 0
)
select
    inserted_tasks.task_id as "task_id!",
    inserted_tasks.number as "number!",
    person.name as "assignee_name?",
    creator.name as "created_by_name?"
from inserted_tasks
join input using (task_id)
left join tasks.people as person on person.person_id = input.assignee_id
left join tasks.people as creator on creator.person_id = input.created_by
