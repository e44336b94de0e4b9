-- The baseline of `close`: one statement pays every wallet with a positive balance, publishes the
-- payouts in events of fifty with each person's lines of the day, and queues a mail for each. Two
-- small statements then close the day and open the next.
begin;

with open_day as materialized (
    select business_day
    from accounting.days
    where closed_at is null
), due_wallets as materialized (
    select
        person_id,
        balance_minor,
        lines,
        row_number() over (order by person_id) as number,
        load.id('7001', row_number() over (order by person_id)) as transfer_id,
        load.id('7003', (row_number() over (order by person_id) - 1) / 50) as event_id
    from accounting.wallets
    where balance_minor > 0
), day_lines as (
    select
        transfer.person_id,
        count(*) as lines_total,
        sum(case when credit_account = person_id then amount_minor else -amount_minor end) as change_minor,
        string_agg(
            '{"kind":"' || transfer.kind || '","task_title":' || to_json(price.title) || ',"amount_minor":'
            || case when credit_account = person_id then amount_minor else -amount_minor end
            || ',"occurred_at":"' || transfer.occurred_at || '"}',
            ',' order by transfer.line
        ) as lines
    from accounting.transfers as transfer
    left join accounting.prices as price using (task_id)
    where transfer.business_day = (select business_day from open_day)
    group by transfer.person_id
), payouts as materialized (
    select
        due_wallets.*,
        '{"transfer_id":"' || due_wallets.transfer_id || '","person_id":"' || due_wallets.person_id || '","amount_minor":' || due_wallets.balance_minor
        || ',"opening_balance_minor":' || due_wallets.balance_minor - coalesce(day_lines.change_minor, 0)
        || ',"lines_total":' || coalesce(day_lines.lines_total, 0) || ',"lines":[' || coalesce(day_lines.lines, '') || ']}' as statement
    from due_wallets
    left join day_lines using (person_id)
), inserted_transfers as (
    insert into accounting.transfers (
        transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line, balance_after_minor,
        occurred_at, booked_at, business_day
    )
    select
        transfer_id,
        'payout:' || person_id || ':' || business_day,
        'payout',
        person_id,
        '00000000-0000-0000-0000-0000000000c0',
        balance_minor,
        person_id,
        lines + 1,
        0,
        now(),
        now(),
        business_day
    from due_wallets
    cross join open_day
), updated_wallets as (
    update accounting.wallets as wallet
    set balance_minor = 0,
        lines = wallet.lines + 1
    from due_wallets
    where wallet.person_id = due_wallets.person_id
), inserted_outbox as (
    insert into accounting.outbox (event_id, weight, event)
    select
        event_id,
        count(*),
        (
            '{"specversion":"1.0","id":"' || event_id
            || '","source":"/piecework/accounting","type":"piecework.accounting.paid.v1","time":"' || now()
            || '","datacontenttype":"application/json","data":{"business_day":"' || min(business_day)
            || '","currency":"USD","currency_exponent":2,"payouts":[' || string_agg(statement, ',' order by number) || ']}}'
        )::json
    from payouts
    cross join open_day
    group by event_id
), inserted_inbox as (
    insert into email.inbox (event_id, event_type, state, received_at)
    select distinct event_id, 'piecework.accounting.paid.v1', 'applied', now()
    from due_wallets
)
insert into email.mails (
    id, kind, person_id, business_day, event_id, message_id, data, state, attempts, next_attempt_at, created_at
)
select
    load.id('7006', number),
    'payout_statement',
    person_id,
    business_day,
    event_id,
    '<' || event_id || '.' || person_id || '@piecework.local>',
    ('{"currency":"USD","currency_exponent":2,"payout":' || statement || '}')::json,
    'queued',
    0,
    now(),
    now()
from payouts
cross join open_day;

update accounting.days
set closed_at = now(),
    payouts = (select count(*) from email.mails where mails.business_day = days.business_day),
    paid_minor = (select sum(amount_minor) from accounting.transfers where kind = 'payout' and transfers.business_day = days.business_day),
    wallets_below_zero = (select count(*) from accounting.wallets where balance_minor < 0),
    earned_minor = (select earned_minor from accounting_report.day_figures as figures where figures.business_day = days.business_day)
where closed_at is null;

insert into accounting.days (business_day, opened_at)
select max(business_day) + 1, now()
from accounting.days;

commit;
