-- The sum of the fees of the tasks that a run has assigned again, without those that had no price yet.
alter table tasks.reassignments add column cost_minor bigint not null default 0;

update tasks.reassignments as run
set cost_minor = charged.cost_minor
from (
    select assigned.reassignment_id, sum(price.fee_minor)::bigint as cost_minor
    from tasks.assignments as assigned
    join tasks.prices as price on price.number = assigned.number
    where assigned.reassignment_id is not null
    group by assigned.reassignment_id
) as charged
where run.reassignment_id = charged.reassignment_id;
