-- What the baseline writes to the ledger with: wallets by number, and ids.
create schema if not exists load;

create table if not exists load.wallets (slot integer primary key, person_id uuid not null);
insert into load.wallets (slot, person_id)
select slot, members[1 + slot * 7919 % cardinality(members)]
from generate_series(0, 9999) as slot,
    (select array_agg(person_id) as members from accounting.wallets) as pool
on conflict do nothing;
analyze load.wallets;

-- Ids that grow, as the product's do. Ids of transfers, tasks and events differ in their third
-- part.
create or replace function load.id(part text, number bigint) returns uuid language sql immutable as $$
    select ('01900000-0000-' || part || '-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;
