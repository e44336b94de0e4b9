-- What the transfers of a closed day come to, and a digest of them. A day is sealed once, by a job, soon after its close: a
-- closed day never changes (DOMAIN A8), so `piecework verify` finds a transfer that was changed, added or deleted afterwards.
create table accounting.day_seals (
    business_day date primary key references accounting.days,
    transfers bigint not null,
    -- The sum of what the transfers added to the wallets.
    wallets_change_minor bigint not null,
    -- What the company earned (DOMAIN A6).
    earned_minor bigint not null,
    payouts bigint not null,
    paid_minor bigint not null,
    -- SHA-256 over the wallets in the order of their people, each by the SHA-256 over its lines in their order.
    digest bytea not null constraint day_seals_digest_length check (octet_length(digest) = 32),
    sealed_at timestamptz not null
);
create trigger day_seals_append_only
    before update or delete or truncate on accounting.day_seals
    execute function accounting.refuse_change();
