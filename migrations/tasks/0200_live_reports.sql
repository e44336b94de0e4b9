-- What the module publishes for the event streams of people.

create view tasks_report.open_tasks as
select
    open.assignee_id as person_id,
    open.number,
    open.assignment,
    price.number is not null as is_priced
from tasks.open_tasks as open
left join tasks.prices as price on price.number = open.number;

create view tasks_report.reassignments as
select reassignment_id, asked_order as requested_order, status, total, done, reassigned
from tasks.reassignments;
