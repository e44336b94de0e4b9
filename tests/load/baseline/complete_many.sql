-- Completes the oldest open tasks in one statement. It writes the rows that as many requests would
-- write, with one event for each task. This is not a baseline: it creates a backlog for the program
-- to book, faster than requests could.
with deleted_open_tasks as (
    delete from tasks.open_tasks
    where number in (select number from tasks.open_tasks order by number limit :count)
    returning number, assignee_id, assignment
), inserted_completed_tasks as (
    insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
    select number, assignee_id, assignment, now()
    from deleted_open_tasks
    returning number, completed_by, completed_at
)
insert into tasks.outbox (event_id, weight, event)
select
    event.id,
    1,
    json_build_object(
        'specversion', '1.0',
        'id', event.id,
        'source', '/piecework/tasks',
        'type', 'piecework.tasks.completed.v1',
        'time', to_json(now()),
        'datacontenttype', 'application/json',
        'data', json_build_object('completions', json_build_array(json_build_object(
            'task_id', task.task_id,
            'title', task.title,
            'reference', task.reference,
            'completed_by', completed.completed_by,
            'completed_at', to_json(completed.completed_at)
        )))
    )
from inserted_completed_tasks as completed
join tasks.tasks as task using (number)
cross join lateral (
    -- A UUID of version 7, as the product's ids are. It begins with the time.
    select overlay(
        gen_random_uuid()::text placing regexp_replace(lpad(to_hex(millis), 12, '0'), '(.{8})(.{4})', '\1-\2-7') from 1 for 15
    )::uuid as id
    from (select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as millis where completed.number is not null) as clock
) as event;
