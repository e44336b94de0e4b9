-- How often a login may fail. All processes share these buckets.

create table identity.login_attempts (
    -- `address:` and an address, or `account:` and the SHA-256 of an address for logins.
    bucket text primary key,
    -- When the bucket is full again. A bucket without a row is full.
    full_at timestamptz not null
);
create index login_attempts_full_at on identity.login_attempts (full_at);

-- From where a person has logged in. The limit of the person's account does not apply to logins from there.
create table identity.familiar_addresses (
    person_id uuid not null constraint familiar_addresses_person references identity.people (id),
    address text not null,
    last_login_at timestamptz not null,
    primary key (person_id, address)
);
create index familiar_addresses_last_login on identity.familiar_addresses (last_login_at);
