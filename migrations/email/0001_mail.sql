-- Whom mail can be sent to, as identity last told.
create table email.people (
    person_id uuid primary key,
    -- Events arrive in any order: an entry gives way only to a higher version.
    version bigint not null,
    name text not null,
    email text not null,
    -- Null or a language without templates: the installation's default holds.
    language text
);

-- Every mail that was ever asked for; what is queued is work for the job `email.send`.
create table email.mails (
    id uuid primary key,
    kind text not null constraint mails_kind_known check (kind in ('payout_statement')),
    -- Not a foreign key: a payout may arrive before the person.
    person_id uuid not null,
    business_day date not null,
    event_id uuid not null,
    -- What the mail says, as the event told it. `json`, not `jsonb`: kept as it came.
    data json not null,
    -- A function of event and person, so that every try and every resend carries the same.
    message_id text not null,
    state text not null constraint mails_state_known check (state in ('queued', 'sent', 'parked')),
    attempts integer not null default 0 constraint mails_attempts_counted check (attempts >= 0),
    -- Of a queued mail: when it may be taken. Whoever takes it moves this forward, which is the lease.
    next_attempt_at timestamptz not null,
    last_error text,
    -- Set together when the mail is built at its first try; each further try sends the same bytes.
    to_address text,
    message bytea,
    created_at timestamptz not null,
    -- When it was last sent.
    sent_at timestamptz,
    -- DOMAIN A7 and E2: one statement a person and day, whatever is redelivered or said again in another event.
    constraint mails_one_per_day unique (kind, person_id, business_day),
    constraint mails_one_per_event unique (event_id, person_id),
    constraint mails_built_whole check ((message is null) = (to_address is null)),
    constraint mails_sent_when check (state <> 'sent' or sent_at is not null)
);
-- The job takes the mail that has waited longest.
create index mails_due on email.mails (next_attempt_at, id) where state = 'queued';
-- The admins' list, newest first, by state.
create index mails_by_state on email.mails (state, id);

-- Events this module has still to tell; it tells none yet, but every module's relay looks here.
create table email.outbox (
    position bigint generated always as identity primary key,
    event_id uuid not null,
    weight integer not null,
    event json not null
);

create table email.inbox (
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
create index inbox_due on email.inbox (next_attempt_at) where state = 'retry';
create index inbox_parked on email.inbox (event_id) where state = 'parked';
