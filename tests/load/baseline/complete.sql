-- The baseline of `complete`: one call that writes what a completion writes, with as few reads as
-- possible. The product also takes the order lock, finds the task by its public id, and reads the
-- assignee's name and the price for the answer.
create schema if not exists load;

-- The first number from which on all tasks are open. pgbench counts from there without a gap.
create view load.first_open_task as
select coalesce(
    (select max(number) + 1 from tasks.completed_tasks),
    (select min(number) from tasks.open_tasks)
) as number;

create function load.complete_task(task_number bigint) returns uuid language plpgsql as $$
declare
    person uuid;
    task_assignment integer;
    task record;
begin
    -- Because of `strict`, a task that is not open is an error and does not count.
    delete from tasks.open_tasks
    where number = task_number
    returning assignee_id, assignment into strict person, task_assignment;

    insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
    values (task_number, person, task_assignment, now());

    select task_id, title, reference into strict task
    from tasks.tasks
    where number = task_number;

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
