-- The tasks module: who may be drawn, the tasks, every draw, and the runs that draw anew.

-- Finding a task by a piece of its title.
create extension if not exists pg_trgm with schema public;

create table tasks.outbox (
    position bigint generated always as identity primary key,
    event_id uuid not null,
    weight integer not null,
    event json not null
);

create table tasks.inbox (
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
create index inbox_due on tasks.inbox (next_attempt_at) where state = 'retry';
create index inbox_parked on tasks.inbox (event_id) where state = 'parked';

-- What tasks keeps of the people that identity tells of.
create table tasks.people (
    person_id uuid primary key,
    -- A lower version that arrives later is old news.
    version bigint not null,
    name text not null,
    email text not null,
    -- Active and neither manager nor admin (DOMAIN, 'assignable').
    is_assignable boolean not null
);
create index people_by_email on tasks.people (lower(email));

-- Who could be drawn, one row for every change of it. The latest is in force; a draw names the one it was made from (T8).
create table tasks.pools (
    pool_id bigint generated always as identity primary key,
    members uuid[] not null,
    created_at timestamptz not null
);

-- One order for everything that a reassign must compare itself with: creations, completions, and the asking.
-- Creations and completions take their number under the shared order lock, an asking under the exclusive one,
-- so that the numbers tell what had been committed when a run was asked for.
create sequence tasks.event_order as bigint;

-- What a task says. Never updated: a reassign or a completion touches the small tables below, not this one and its indexes.
create table tasks.tasks (
    number bigint primary key default nextval('tasks.event_order'),
    task_id uuid not null constraint tasks_task_id_unique unique,
    title text not null constraint tasks_title_length check (char_length(title) between 1 and 500),
    reference text,
    description text,
    link text,
    -- Null for an imported task whose file does not say.
    created_by uuid,
    created_at timestamptz not null,
    -- Where an imported task came from; the same again is not imported twice.
    import_key text constraint tasks_import_key_unique unique
);
create index tasks_searched on tasks.tasks
    using gin ((lower(title || ' ' || coalesce(reference, ''))) public.gin_trgm_ops);

-- A row exactly as long as the task is open. The assignee changes only together with a row in `assignments`.
create table tasks.open_tasks (
    number bigint primary key references tasks.tasks,
    assignee_id uuid not null,
    -- The number of the assignment in force, from 1.
    assignment integer not null
) with (fillfactor = 70);
create index open_tasks_by_assignee on tasks.open_tasks (assignee_id, number);

-- The primary key is rule T5: a task is completed once.
create table tasks.completed_tasks (
    number bigint primary key references tasks.tasks,
    completion_order bigint not null default nextval('tasks.event_order'),
    completed_by uuid not null,
    -- The number of the assignment under which it was completed.
    assignment integer not null,
    completed_at timestamptz not null
);
create index completed_tasks_by_person on tasks.completed_tasks (completed_by, number);

-- A run that draws the open tasks anew (T6), or those of one person who can no longer have any (T7).
create table tasks.reassignments (
    reassignment_id uuid primary key,
    -- Runs go one after another in this order; a run covers the tasks with a lower number.
    asked_order bigint not null constraint reassignments_order_unique unique default nextval('tasks.event_order'),
    -- Null: all tasks. Else only those assigned to this person.
    person_id uuid,
    -- Null: the system asked, because the person can no longer have tasks.
    requested_by uuid,
    requested_at timestamptz not null,
    status text not null
        constraint reassignments_status_known check (status in ('queued', 'running', 'blocked', 'completed', 'failed')),
    -- Tasks that were open when it was asked for.
    total bigint not null,
    -- Of those: drawn anew, or found no longer open.
    done bigint not null default 0 constraint reassignments_done_within_total check (done between 0 and total),
    -- Drawn anew; each is charged.
    reassigned bigint not null default 0,
    -- The highest task number that was handled; the next chunk starts after it.
    resume_after bigint not null default 0,
    started_at timestamptz,
    finished_at timestamptz,
    -- Why it did not go on at the last try; null when it did.
    last_error text
);
create index reassignments_unfinished on tasks.reassignments (asked_order)
    where status in ('queued', 'running', 'blocked');

-- Every draw there ever was (T8): members[draw(seed, draw_index, size)] of the pool is the assignee.
create table tasks.assignments (
    number bigint not null references tasks.tasks,
    -- 1 at creation, then one more at each reassign.
    assignment integer not null,
    assignee_id uuid not null,
    assigned_at timestamptz not null,
    pool_id bigint not null,
    seed bigint not null,
    draw_index integer not null,
    -- Null: drawn at creation.
    reassignment_id uuid,
    primary key (number, assignment)
);

-- The prices that accounting set, kept to be shown.
create table tasks.prices (
    number bigint primary key references tasks.tasks,
    fee_minor bigint not null constraint prices_fee_positive check (fee_minor > 0),
    reward_minor bigint not null constraint prices_reward_positive check (reward_minor > 0),
    currency text not null
);

-- What the module publishes for reporting.
create schema tasks_report;

create view tasks_report.people as
select person_id, name
from tasks.people;

