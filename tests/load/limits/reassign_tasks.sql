-- The limit of `reassign`, the tracker's half: every open task gets another assignee, the draw is recorded, accounting is told in
-- events of five hundred. One statement.
with drawn as materialized (
    select open.number, member.person_id
    from tasks.open_tasks as open
    join load.turns as member on member.place = open.number * 7919 % 10000
), moved as (
    update tasks.open_tasks as open
    set assignee_id = drawn.person_id,
        assignment = open.assignment + 1
    from drawn
    where open.number = drawn.number
    returning open.number, open.assignment, open.assignee_id
), recorded as (
    insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index, reassignment_id)
    select number, assignment, assignee_id, now(), 1, 7919, (number % 5000)::integer, '01900000-0000-7005-8000-000000000000'
    from moved
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
            '{"task_id":"' || task.task_id || '","number":' || moved.assignment || ',"assignee_id":"' || moved.assignee_id || '"}',
            ','
        )
        || ']}}'
    )::json
from moved
join tasks.tasks as task using (number)
group by moved.number / 500;
