-- The limit of `reassign`, accounting's half: a fee for each of `:count` tasks, and an inbox row for every five hundred. One statement.
with posting as materialized (
    select
        row_number() over (order by price.task_id) as place,
        price.task_id,
        price.fee_minor,
        draw.person_id
    from (select task_id, fee_minor, row_number() over () as place from accounting.prices limit :count) as price
    join load.draws as draw on draw.place = price.place * 7919 % 10000
), received as (
    insert into accounting.inbox (event_id, event_type, state, received_at)
    select gen_random_uuid(), 'piecework.tasks.assigned.v1', 'applied', now()
    from posting
    where place % 500 = 1
), booked as (
    insert into accounting.transfers (
        transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line, balance_after_minor,
        task_id, occurred_at, booked_at, business_day
    )
    select
        load.id('70:assignment', place),
        'fee:' || task_id || '::assignment',
        'assignment_fee',
        person_id,
        '00000000-0000-0000-0000-0000000000e0',
        fee_minor,
        person_id,
        wallet.lines + row_number() over of_person,
        wallet.balance_minor - sum(fee_minor) over of_person,
        task_id,
        now(),
        now(),
        (select business_day from accounting.days where closed_at is null)
    from posting
    join accounting.wallets as wallet using (person_id)
    window of_person as (partition by person_id order by place)
), totalled as (
    insert into accounting.day_totals as kept (business_day, stripe, fees_minor)
    select (select business_day from accounting.days where closed_at is null), 0, sum(fee_minor)
    from posting
    on conflict (business_day, stripe) do update set fees_minor = kept.fees_minor + excluded.fees_minor
)
update accounting.wallets as wallet
set balance_minor = wallet.balance_minor - new.fees_minor,
    lines = wallet.lines + new.lines
from (
    select person_id, sum(fee_minor) as fees_minor, count(*) as lines
    from posting
    group by person_id
) as new
where wallet.person_id = new.person_id;
