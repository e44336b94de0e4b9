-- Which person an account at an OpenID provider belongs to. It is bound at the first login; an address may change later.
create table identity.sso_subjects (
    issuer text not null,
    -- The provider's name for the account (at most 255 characters, OpenID Connect Core 1.0, section 2).
    subject text not null constraint sso_subjects_subject_length check (char_length(subject) between 1 and 255),
    person_id uuid not null constraint sso_subjects_person references identity.people (id),
    bound_at timestamptz not null,
    constraint sso_subjects_pkey primary key (issuer, subject),
    -- A second account with the same address does not get the person of the first.
    constraint sso_subjects_person_once unique (person_id, issuer)
);

-- A login at the provider is completed once, in whichever process. The rows are pruned when the logins have expired.
create table identity.sso_used_states (
    -- SHA-256 of the state.
    state_hash bytea primary key constraint sso_used_states_hash_length check (octet_length(state_hash) = 32),
    expires_at timestamptz not null
);
create index sso_used_states_expiry on identity.sso_used_states (expires_at);

alter table identity.sessions
    drop constraint sessions_login_method_known,
    add constraint sessions_login_method_known check (login_method in ('password', 'sso'));
