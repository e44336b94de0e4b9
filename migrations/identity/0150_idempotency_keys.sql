-- The answers to requests with an Idempotency-Key, each stored in the transaction of its effect. The table is the same in each schema.
create table identity.idempotency_keys (
    -- SHA-256 of the person, the method, the path and the key.
    key_hash bytea primary key constraint idempotency_keys_hash_length check (octet_length(key_hash) = 32),
    -- SHA-256 of the key and the body.
    fingerprint bytea not null constraint idempotency_keys_fingerprint_length check (octet_length(fingerprint) = 32),
    status smallint not null constraint idempotency_keys_success check (status between 200 and 299),
    -- The names and the values of the headers.
    headers json not null,
    -- Null: the body contained a secret, which is not stored.
    body bytea,
    created_at timestamptz not null
);
create index idempotency_keys_age on identity.idempotency_keys (created_at);
