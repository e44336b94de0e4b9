-- The limit of `list`: the product's two selects in one, for as many rows as a page of fifty reads.
with page as materialized (
    select number
    from tasks.open_tasks
    where assignee_id = (select person_id from load.turns where place = :place % 10000)
        and number < 9223372036854775807
    order by number desc
    limit 51
)
select
    task.number,
    task.task_id,
    task.title,
    task.reference,
    task.description,
    task.link,
    task.created_by,
    task.created_at,
    coalesce(open.assignee_id, completed.completed_by) as assignee_id,
    person.name,
    coalesce(open.assignment, completed.assignment) as assignments,
    completed.completed_at,
    price.fee_minor,
    price.reward_minor,
    price.currency
from page
join tasks.tasks as task on task.number = page.number
left join tasks.open_tasks as open on open.number = task.number
left join tasks.completed_tasks as completed on completed.number = task.number
left join tasks.people as person on person.person_id = coalesce(open.assignee_id, completed.completed_by)
left join tasks.prices as price on price.number = task.number
order by task.number desc;
