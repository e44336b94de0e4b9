-- The baseline of `reassign` in the accounting database: one statement that books a fee for each of
-- `:count` tasks, with an inbox row for every five hundred.
with postings as materialized (
    select
        row_number() over (order by price.task_id) as number,
        price.task_id,
        price.fee_minor,
        wallet.person_id
    from (select task_id, fee_minor, row_number() over () as number from accounting.prices limit :count) as price
    join load.wallets as wallet on wallet.slot = price.number * 7919 % 10000
), inserted_inbox as (
    insert into accounting.inbox (event_id, event_type, state, received_at)
    select gen_random_uuid(), 'piecework.tasks.assigned.v1', 'applied', now()
    from postings
    where number % 500 = 1
), inserted_transfers as (
    insert into accounting.transfers (
        transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line, balance_after_minor,
        task_id, occurred_at, booked_at, business_day
    )
    select
        load.id('70:assignment', number),
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
    from postings
    join accounting.wallets as wallet using (person_id)
    window of_person as (partition by person_id order by number)
), upserted_day_totals as (
    insert into accounting.day_totals as kept (business_day, stripe, fees_minor)
    select (select business_day from accounting.days where closed_at is null), 0, sum(fee_minor)
    from postings
    on conflict (business_day, stripe) do update set fees_minor = kept.fees_minor + excluded.fees_minor
)
update accounting.wallets as wallet
set balance_minor = wallet.balance_minor - new.fees_minor,
    lines = wallet.lines + new.lines
from (
    select person_id, sum(fee_minor) as fees_minor, count(*) as lines
    from postings
    group by person_id
) as new
where wallet.person_id = new.person_id;
