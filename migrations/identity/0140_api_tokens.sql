-- Personal API tokens: programs use them in place of a session, within their scopes and the person's role.
create table identity.api_tokens (
    id uuid primary key,
    person_id uuid not null constraint api_tokens_person references identity.people (id),
    name text not null constraint api_tokens_name_length check (char_length(name) between 1 and 100),
    -- SHA-256 of the token, which is shown once.
    token_hash bytea not null constraint api_tokens_hash_unique unique
        constraint api_tokens_hash_length check (octet_length(token_hash) = 32),
    -- read, write and names of permissions.
    scopes text[] not null constraint api_tokens_scopes_not_empty check (cardinality(scopes) >= 1),
    created_at timestamptz not null,
    expires_at timestamptz not null constraint api_tokens_expire_later check (expires_at > created_at),
    revoked_at timestamptz,
    -- To the minute: most uses are not recorded.
    last_used_at timestamptz
);
create index api_tokens_of_person on identity.api_tokens (person_id, id) where revoked_at is null;
-- Which tokens were revoked is queried every two seconds.
create index api_tokens_revoked on identity.api_tokens (revoked_at) where revoked_at is not null;
create index api_tokens_expiry on identity.api_tokens (expires_at);
