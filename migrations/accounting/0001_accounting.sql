-- The accounting module: prices, the ledger, wallets, business days.

create table accounting.outbox (
    position bigint generated always as identity primary key,
    event_id uuid not null,
    weight integer not null,
    event json not null
);

create table accounting.inbox (
    event_id uuid primary key,
    event_type text not null,
    state text not null constraint inbox_state_known check (state in ('applied', 'retry', 'parked', 'discarded')),
    received_at timestamptz not null,
    attempts integer not null default 0,
    last_error text,
    next_attempt_at timestamptz,
    discard_reason text,
    event json
);
create index inbox_due on accounting.inbox (next_attempt_at) where state = 'retry';
create index inbox_parked on accounting.inbox (event_id) where state = 'parked';

-- One row. The currency is fixed by the first start: amounts of two currencies cannot be added.
create table accounting.settings (
    singleton boolean primary key default true constraint settings_one_row check (singleton),
    currency text not null,
    currency_exponent smallint not null,
    time_zone text not null
);

-- The ranges prices were drawn from; a new row when the configuration changes, so that each price says which it came from.
create table accounting.pricing_policies (
    version integer generated always as identity primary key,
    fee_min_minor bigint not null,
    fee_max_minor bigint not null,
    reward_min_minor bigint not null,
    reward_max_minor bigint not null,
    created_at timestamptz not null,
    constraint pricing_policies_once unique (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor),
    constraint pricing_policies_ranges check (
        0 < fee_min_minor and fee_min_minor <= fee_max_minor
        and 0 < reward_min_minor and reward_min_minor <= reward_max_minor
    )
);

-- One price a task, set when accounting first hears of it, by whichever event that is (A2).
create table accounting.prices (
    task_id uuid primary key,
    -- The task as it was called; null until an event has said so, then never changed.
    title text,
    reference text,
    fee_minor bigint not null constraint prices_fee_positive check (fee_minor > 0),
    reward_minor bigint not null constraint prices_reward_positive check (reward_minor > 0),
    policy_version integer not null references accounting.pricing_policies,
    priced_at timestamptz not null
);

-- What accounting keeps of the people that identity tells of.
create table accounting.people (
    person_id uuid primary key,
    version bigint not null,
    name text not null
);

-- The balance and the number of the last line, kept in the transaction that books the line.
create table accounting.wallets (
    person_id uuid primary key,
    balance_minor bigint not null default 0,
    lines bigint not null default 0
) with (fillfactor = 70);
create index wallets_below_zero on accounting.wallets (person_id) where balance_minor < 0;
create index wallets_above_zero on accounting.wallets (person_id) where balance_minor > 0;

-- Exactly one day is open; closing it opens the next. A closed one never changes.
create table accounting.days (
    business_day date primary key,
    opened_at timestamptz not null,
    closed_at timestamptz,
    -- Null: closed by the clock.
    closed_by uuid,
    payouts bigint,
    paid_minor bigint,
    wallets_below_zero bigint,
    -- What the company earned, as it was when the day was closed: whatever is booked into it afterwards shows.
    earned_minor bigint
);
create unique index days_one_open on accounting.days ((true)) where closed_at is null;

-- The ledger. A transfer takes a positive amount from one account and gives it to another, so that all accounts together are
-- always zero. An account is a person's wallet (the person's id), the company's earnings (…e0) or the cash paid out (…c0).
create table accounting.transfers (
    transfer_id uuid primary key,
    -- What was booked, so that it is booked once (A10): fee:<task>:<number>, reward:<task>, payout:<person>:<day>,
    -- correction:<transfer>.
    business_key text not null constraint transfers_business_key_unique unique,
    kind text not null
        constraint transfers_kind_known check (kind in ('assignment_fee', 'completion_reward', 'payout', 'correction')),
    debit_account uuid not null,
    credit_account uuid not null,
    amount_minor bigint not null constraint transfers_amount_positive check (amount_minor > 0),
    -- Whose wallet it is about, the place of this line in it, and its balance afterwards.
    person_id uuid not null,
    line bigint not null,
    balance_after_minor bigint not null,
    task_id uuid,
    -- A correction names the transfer it reverses, and why.
    reverses uuid references accounting.transfers,
    reason text,
    -- Who asked for it; null: the system.
    posted_by uuid,
    occurred_at timestamptz not null,
    booked_at timestamptz not null,
    business_day date not null,
    constraint transfers_two_accounts check (debit_account <> credit_account),
    constraint transfers_of_a_wallet check (person_id in (debit_account, credit_account)),
    constraint transfers_correction_explained check ((kind = 'correction') = (reverses is not null and reason is not null))
);
-- A wallet's lines in order, and those of one day: the days of a wallet's lines never go back.
create unique index transfers_lines on accounting.transfers (person_id, business_day, line);
create index transfers_payouts on accounting.transfers (business_day, person_id) where kind = 'payout';

create function accounting.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name;
end
$$;
create trigger transfers_append_only
    before update or delete or truncate on accounting.transfers
    execute function accounting.refuse_change();

-- What a day comes to. Several rows a day, so that bookings at the same time do not wait for each other.
create table accounting.day_totals (
    business_day date not null,
    stripe smallint not null,
    fees_minor bigint not null default 0,
    rewards_minor bigint not null default 0,
    reversed_fees_minor bigint not null default 0,
    reversed_rewards_minor bigint not null default 0,
    primary key (business_day, stripe)
) with (fillfactor = 50);

-- The task with the highest reward among those completed that day (N3); the earliest of equals.
create table accounting.top_tasks (
    completed_on date primary key,
    task_id uuid not null,
    reward_minor bigint not null,
    completed_at timestamptz not null,
    completed_by uuid not null
);

-- What the module publishes for reporting.
create schema accounting_report;

create view accounting_report.settings as
select currency, time_zone
from accounting.settings;

create view accounting_report.day_figures as
select
    day.business_day,
    day.closed_at is not null as is_closed,
    coalesce(total.fees_minor, 0) as fees_minor,
    coalesce(total.rewards_minor, 0) as rewards_minor,
    coalesce(total.reversed_fees_minor, 0) as reversed_fees_minor,
    coalesce(total.reversed_rewards_minor, 0) as reversed_rewards_minor,
    -- A6: fees less rewards, each less what was reversed.
    coalesce(total.fees_minor - total.rewards_minor - total.reversed_fees_minor + total.reversed_rewards_minor, 0)
        as earned_minor,
    day.wallets_below_zero
from accounting.days as day
left join lateral (
    select
        sum(fees_minor)::bigint as fees_minor,
        sum(rewards_minor)::bigint as rewards_minor,
        sum(reversed_fees_minor)::bigint as reversed_fees_minor,
        sum(reversed_rewards_minor)::bigint as reversed_rewards_minor
    from accounting.day_totals
    where business_day = day.business_day
) as total on true;

create view accounting_report.wallets_below_zero as
select count(*) as wallets
from accounting.wallets
where balance_minor < 0;

create view accounting_report.top_task_per_day as
select top.completed_on, top.task_id, price.title, price.reference, top.reward_minor, top.completed_at, top.completed_by
from accounting.top_tasks as top
join accounting.prices as price on price.task_id = top.task_id;
