-- The baseline of `create`: one call that writes what a creation writes. The product also takes the
-- order lock, checks the current pool, draws, and reads the assignee's name for the answer. The
-- baseline takes the assignee from a small table by the number of the call.
create schema if not exists load;

-- Ids that grow, as the product's do. Random ids would make the indexes slower.
create sequence load.ids;

create function load.create_task(call_number bigint) returns uuid language plpgsql as $$
declare
    id uuid := ('01900000-0000-7000-8000-' || lpad(to_hex(nextval('load.ids')), 12, '0'))::uuid;
    title text := format(
        'Load %s: replace the filter of machine %s in hall %s', call_number, call_number % 977, call_number % 31
    );
    person uuid := (select person_id from load.workers where slot = call_number * 7919 % 10000);
    task_number bigint;
begin
    insert into tasks.tasks (task_id, title, created_by, created_at)
    values (id, title, person, now())
    returning number into task_number;

    insert into tasks.open_tasks (number, assignee_id, assignment)
    values (task_number, person, 1);

    insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index)
    values (task_number, 1, person, now(), 1, call_number, 0);

    insert into tasks.outbox (event_id, weight, event)
    values (
        gen_random_uuid(),
        1,
        format(
            '{"specversion":"1.0","id":"%s","source":"/piecework/tasks","type":"piecework.tasks.created.v1","time":"%s",'
            '"datacontenttype":"application/json","data":{"tasks":[{"task_id":"%s","title":%s,"reference":null,'
            '"assignee_id":"%s","created_at":"%s"}]}}',
            id, now(), id, to_json(title), person, now()
        )::json
    );
    return id;
end
$$;
