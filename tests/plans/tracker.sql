-- A company of 5,000 people with 60,000 tasks, half of them completed.
insert into identity.people (id, email, email_key, name, role, active, version, access_version, created_at)
select md5('person' || n)::uuid, n || '@example.org', n || '@example.org', 'Person ' || n, 'worker', true, 1, 1, '2026-01-01'
from generate_series(1, 5000) as n;

insert into identity.sessions (id, person_id, created_at, expires_at)
select md5('session' || n)::uuid, md5('person' || (n % 5000 + 1))::uuid, '2026-01-01', '2026-02-01'
from generate_series(1, 40000) as n;

insert into identity.login_attempts (bucket, full_at)
select 'address:' || n, timestamptz '2026-01-01' + n * interval '1 second'
from generate_series(1, 20000) as n;

insert into identity.familiar_addresses (person_id, address, last_login_at)
select md5('person' || n)::uuid, '203.0.113.7', timestamptz '2026-01-01' + n * interval '1 second'
from generate_series(1, 5000) as n;

insert into identity.audit_records (event_id, occurred_at, action, actor, address, subject, details)
select md5('record' || n)::uuid, '2026-01-01', 'logged_in', md5('person' || (n % 5000 + 1)), '203.0.113.7', n::text, '{}'
from generate_series(1, 40000) as n;

insert into identity.refresh_tokens (token_hash, session_id, issued_at, expires_at)
select sha256(n::text::bytea), md5('session' || n)::uuid, '2026-01-01', '2026-02-01'
from generate_series(1, 20000) as n;

insert into identity.links (token_hash, kind, person_id, created_at, expires_at, used_at)
select sha256(n::text::bytea), 'set_password', md5('person' || (n % 5000 + 1))::uuid, '2026-01-01', '2026-02-01', '2026-01-02'
from generate_series(1, 40000) as n;

insert into identity.link_mails (link_hash, person_id, mailed_at)
select sha256(n::text::bytea), md5('person' || (n % 5000 + 1))::uuid, timestamptz '2026-01-01' + n * interval '1 second'
from generate_series(1, 20000) as n;

insert into identity.password_reset_requests (email_key, plain_key, requested_at)
select n || '@example.org', n || '@example.org', timestamptz '2026-01-01' + n * interval '1 second'
from generate_series(1, 20000) as n;

insert into identity.api_tokens (id, person_id, name, token_hash, scopes, created_at, expires_at, revoked_at)
select md5('token' || n)::uuid, md5('person' || (n % 5000 + 1))::uuid, 'Token', sha256(n::text::bytea), '{read}',
    '2026-01-01', timestamptz '2026-02-01' + n * interval '1 second', case when n % 100 = 0 then timestamptz '2026-01-02' end
from generate_series(1, 40000) as n;

insert into identity.sso_subjects (issuer, subject, person_id, bound_at)
select 'https://login.example.org', 'subject' || n, md5('person' || n)::uuid, '2026-01-01'
from generate_series(1, 5000) as n;

insert into identity.sso_used_states (state_hash, expires_at)
select sha256(n::text::bytea), '2026-01-01'
from generate_series(1, 20000) as n;

insert into tasks.people (person_id, version, name, email, is_assignable)
select id, 1, name, email, true
from identity.people;

insert into tasks.pools (members, created_at)
select array_agg(person_id order by person_id), '2026-01-01'
from tasks.people;

insert into tasks.tasks (task_id, title, created_at, import_key)
select md5('task' || n)::uuid, 'Do the thing number ' || n, '2026-01-01', 'key' || n
from generate_series(1, 60000) as n;

insert into tasks.open_tasks (number, assignee_id, assignment)
select number, md5('person' || (number % 5000 + 1))::uuid, 1
from tasks.tasks
where number % 2 = 0;

insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
select number, md5('person' || (number % 5000 + 1))::uuid, 1, '2026-01-02'
from tasks.tasks
where number % 2 = 1;

insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index)
select number, 1, md5('person' || (number % 5000 + 1))::uuid, '2026-01-01', 1, 1, 0
from tasks.tasks;

insert into tasks.prices (number, fee_minor, reward_minor, currency)
select number, 1500, 3000, 'USD'
from tasks.tasks;

insert into tasks.reassignments (reassignment_id, requested_at, status, total, done)
select md5('run' || n)::uuid, '2026-01-01', 'completed', 0, 0
from generate_series(1, 5000) as n;

insert into tasks.inbox (event_id, event_type, state, received_at)
select md5('event' || n)::uuid, 'published', 'applied', '2026-01-01'
from generate_series(1, 20000) as n;
