-- The baseline of `list`: the product's select for this one filter. It reads as many rows as the
-- product reads for a page of fifty.
select
    task.number,
    task.task_id,
    task.title,
    task.reference,
    task.description,
    task.link,
    task.created_by,
    task.created_at,
    page.assignee_id,
    (select name from tasks.people where person_id = page.assignee_id) as name,
    page.assignment,
    page.completed_at,
    price.fee_minor,
    price.reward_minor,
    price.currency
from (
    select number, assignee_id, assignment, null::timestamptz as completed_at
    from tasks.open_tasks
    where assignee_id = (select person_id from load.workers where slot = :number % 10000)
        and number < 9223372036854775807
    order by number desc
    limit 51
) as page
join tasks.tasks as task on task.number = page.number
left join tasks.prices as price on price.number = page.number
order by task.number desc;
