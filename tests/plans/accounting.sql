-- Five years of books: 20,000 wallets, a hundred thousand transfers, a mail for each payout.
insert into accounting.settings (currency, currency_exponent, time_zone) values ('USD', 2, 'UTC');

insert into accounting.pricing_policies (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor, created_at)
values (1000, 2000, 2000, 4000, '2021-01-01');

insert into accounting.people (person_id, version, name)
select md5('person' || n)::uuid, 1, 'Person ' || n
from generate_series(1, 20000) as n;

insert into accounting.wallets (person_id, balance_minor, lines)
select person_id, 0, 20
from accounting.people;

insert into accounting.prices (task_id, title, fee_minor, reward_minor, policy_version, priced_at)
select md5('task' || n)::uuid, 'Do the thing number ' || n, 1500, 3000, 1, '2021-01-01'
from generate_series(1, 60000) as n;

insert into accounting.days (business_day, opened_at, closed_at, payouts, paid_minor, wallets_below_zero, earned_minor)
select '2021-01-01'::date + n, '2021-01-01', case when n < 2000 then '2026-01-01'::timestamptz end, 0, 0, 0, 0
from generate_series(1, 2000) as n;

insert into accounting.day_totals (business_day, stripe, fees_minor)
select business_day, stripe, 1500
from accounting.days
cross join generate_series(0, 15) as stripe;

insert into accounting.top_tasks (completed_on, task_id, reward_minor, completed_at, completed_by)
select business_day, md5('task' || 1)::uuid, 3000, '2026-01-01', md5('person' || 1)::uuid
from accounting.days;

insert into accounting.transfers (
    transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line, balance_after_minor,
    task_id, occurred_at, booked_at, business_day
)
select
    md5('transfer' || n)::uuid, 'key' || n, case when n % 10 = 0 then 'payout' else 'assignment_fee' end,
    md5('person' || (n % 5000 + 1))::uuid, '00000000-0000-0000-0000-0000000000e0', 1500, md5('person' || (n % 5000 + 1))::uuid,
    n, -1500, md5('task' || n)::uuid, '2026-01-01', '2026-01-01', '2021-01-01'::date + n / 50
from generate_series(1, 100000) as n;

insert into accounting.withdrawals (transfer_id, withdrawn_at)
select transfer_id, booked_at
from accounting.transfers
where amount_minor = 1500
limit 10000;

insert into email.people (person_id, version, name, email)
select person_id, 1, name, name || '@example.org'
from accounting.people;

insert into email.mails (id, kind, person_id, business_day, event_id, data, message_id, state, next_attempt_at, created_at, sent_at)
select md5('mail' || n)::uuid, 'payout_statement', md5('person' || (n % 5000 + 1))::uuid, '2021-01-01'::date + n / 50,
    md5('event' || n)::uuid, '{}', n::text, case when n % 50 = 0 then 'queued' else 'sent' end, '2026-01-01', '2026-01-01', '2026-01-01'
from generate_series(1, 50000) as n;

insert into accounting.inbox (event_id, event_type, state, received_at)
select md5('event' || n)::uuid, 'published', 'applied', '2026-01-01'
from generate_series(1, 20000) as n;
insert into email.inbox (event_id, event_type, state, received_at)
select md5('event' || n)::uuid, 'published', 'applied', '2026-01-01'
from generate_series(1, 20000) as n;

insert into accounting.idempotency_keys (key_hash, fingerprint, status, headers, body, created_at)
select sha256(n::text::bytea), sha256(n::text::bytea), 201, '[]', 'null', '2026-11-01'::timestamptz + n * interval '1 second'
from generate_series(1, 50000) as n;
