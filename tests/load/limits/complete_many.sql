-- Completes the first open tasks at once, as so many requests would: the same rows, an event each. This is no limit; it makes a
-- backlog for the program to book, faster than anybody could ask for it.
with closed as (
    delete from tasks.open_tasks
    where number in (select number from tasks.open_tasks order by number limit :count)
    returning number, assignee_id, assignment
), completed as (
    insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
    select number, assignee_id, assignment, now()
    from closed
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
from completed
join tasks.tasks as task using (number)
cross join lateral (select gen_random_uuid() as id where completed.number is not null) as event;
