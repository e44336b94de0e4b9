-- People, how they prove who they are, and what they may still use.

create table identity.people (
    id uuid primary key,
    email text not null,
    -- The address in lower case, made by the program: what lower() does depends on the database's locale.
    email_key text not null constraint people_email_unique unique,
    name text not null constraint people_name_length check (char_length(name) between 1 and 200),
    role text not null constraint people_role_known check (role in ('worker', 'accountant', 'manager', 'admin')),
    active boolean not null,
    language text constraint people_language_known check (language in ('en', 'ru')),
    -- An argon2id PHC string; null until the person has set a password, and nobody logs in with none.
    password_hash text,
    -- Counts the changes that other modules hear of.
    version bigint not null constraint people_version_positive check (version >= 1),
    -- Counts what makes access tokens given out before worthless: a new role, activity or password.
    access_version bigint not null constraint people_access_version_positive check (access_version >= 1),
    -- Null until the first of them: a person who was only added has no old token that must be refused.
    access_changed_at timestamptz,
    created_at timestamptz not null
);
-- Whose tokens must be refused is asked every two seconds.
create index people_access_changed on identity.people (access_changed_at) where access_changed_at is not null;
-- The last active admin is counted at each demotion.
create index people_active_admins on identity.people (id) where role = 'admin' and active;

create table identity.sessions (
    id uuid primary key,
    person_id uuid not null constraint sessions_person references identity.people (id),
    created_at timestamptz not null,
    -- When its newest refresh token expires; afterwards the row is only history and is pruned.
    expires_at timestamptz not null,
    revoked_at timestamptz
);
create index sessions_of_person on identity.sessions (person_id) where revoked_at is null;
create index sessions_revoked on identity.sessions (revoked_at) where revoked_at is not null;
create index sessions_expiry on identity.sessions (expires_at);

create table identity.refresh_tokens (
    -- SHA-256 of the token: whoever reads this table cannot log in with it.
    token_hash bytea primary key constraint refresh_tokens_hash_length check (octet_length(token_hash) = 32),
    session_id uuid not null constraint refresh_tokens_session references identity.sessions (id) on delete cascade,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    -- A used token stays until it expires, so that its second use is noticed.
    used_at timestamptz
);
create index refresh_tokens_of_session on identity.refresh_tokens (session_id);
create index refresh_tokens_expiry on identity.refresh_tokens (expires_at);

create table identity.links (
    -- SHA-256 of the one-time token.
    token_hash bytea primary key constraint links_hash_length check (octet_length(token_hash) = 32),
    kind text not null constraint links_kind_known check (kind in ('first_admin', 'set_password')),
    person_id uuid constraint links_person references identity.people (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint links_person_fits_kind check ((kind = 'set_password') = (person_id is not null))
);
create index links_of_person on identity.links (person_id) where used_at is null;
create index links_expiry on identity.links (expires_at);

-- Keys that were made here because the configuration names none; the newest signs, all verify.
create table identity.signing_keys (
    -- The RFC 7638 thumbprint of the public key.
    id text primary key,
    private_key_pkcs8 bytea not null,
    created_at timestamptz not null
);

create table identity.outbox (
    position bigint generated always as identity primary key,
    event_id uuid not null,
    weight integer not null,
    event json not null
);

-- Nothing is heard here today; the table is there because every module with an outbox has one.
create table identity.inbox (
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
create index inbox_due on identity.inbox (next_attempt_at) where state = 'retry';
create index inbox_parked on identity.inbox (event_id) where state = 'parked';
