-- The limit of `complete`: one call that writes what a completion writes, with as few reads as that takes. A completion by the
-- product also takes the order lock, looks the task up by its public id, and reads its assignee's name and its price to show them.
create schema if not exists load;

-- The first number after which all tasks are open: pgbench counts on from there, without a gap.
create view load.still_open as
select coalesce(
    (select max(number) + 1 from tasks.completed_tasks),
    (select min(number) from tasks.open_tasks)
) as number;

create function load.complete_task(place bigint) returns uuid language plpgsql as $$
declare
    person uuid;
    nth integer;
    task record;
begin
    -- Strict: a task that is not open is an error, so nothing is counted that has not been written.
    delete from tasks.open_tasks
    where number = place
    returning assignee_id, assignment into strict person, nth;

    insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
    values (place, person, nth, now());

    select task_id, title, reference into strict task
    from tasks.tasks
    where number = place;

    insert into tasks.outbox (event_id, weight, event)
    values (
        gen_random_uuid(),
        1,
        format(
            '{"specversion":"1.0","id":"%s","source":"/piecework/tasks","type":"piecework.tasks.completed.v1","time":"%s",'
            '"datacontenttype":"application/json","data":{"completions":[{"task_id":"%s","title":%s,"reference":null,'
            '"completed_by":"%s","completed_at":"%s"}]}}',
            task.task_id, now(), task.task_id, to_json(task.title), person, now()
        )::json
    );
    return task.task_id;
end
$$;
