-- Fees and rewards of facts that the tracker has lost. Each transfer stays and is reversed by a correction; afterwards the
-- fact counts as not booked, and is booked again if it happens again.
create table accounting.withdrawals (
    -- Not a foreign key: a transfer is never deleted, and the ledger refuses a truncation by itself.
    transfer_id uuid primary key,
    withdrawn_at timestamptz not null
);

create trigger withdrawals_append_only
    before update or delete or truncate on accounting.withdrawals
    execute function accounting.refuse_change();

-- A price is drawn from this number and the id of the task, so that a price that was lost is the same when it is drawn again.
-- Null until a process of the version that knows it has started.
alter table accounting.settings add column price_seed bigint;
