-- The baseline of `reassign` in the tracker database: one statement that gives every open task
-- another assignee, records the draws, and publishes them in events of five hundred.
with draws as materialized (
    select open.number, member.person_id
    from tasks.open_tasks as open
    join load.workers as member on member.slot = open.number * 7919 % 10000
), updated_open_tasks as (
    update tasks.open_tasks as open
    set assignee_id = draws.person_id,
        assignment = open.assignment + 1
    from draws
    where open.number = draws.number
    returning open.number, open.assignment, open.assignee_id
), inserted_assignments as (
    insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index, reassignment_id)
    select number, assignment, assignee_id, now(), 1, 7919, (number % 5000)::integer, '01900000-0000-7005-8000-000000000000'
    from updated_open_tasks
)
insert into tasks.outbox (event_id, weight, event)
select
    gen_random_uuid(),
    count(*),
    (
        '{"specversion":"1.0","id":"' || gen_random_uuid()
        || '","source":"/piecework/tasks","type":"piecework.tasks.assigned.v1","time":"' || now()
        || '","datacontenttype":"application/json","data":{"reassignment_id":"01900000-0000-7005-8000-000000000000","assigned_at":"'
        || now() || '","assignments":['
        || string_agg(
            '{"task_id":"' || task.task_id || '","number":' || open.assignment || ',"assignee_id":"' || open.assignee_id || '"}',
            ','
        )
        || ']}}'
    )::json
from updated_open_tasks as open
join tasks.tasks as task using (number)
group by open.number / 500;
