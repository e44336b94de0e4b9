-- What the limits write to the ledger with: people by number, and ids.
create schema if not exists load;

create table if not exists load.draws (place integer primary key, person_id uuid not null);
insert into load.draws (place, person_id)
select place, members[1 + place * 7919 % cardinality(members)]
from generate_series(0, 9999) as place,
    (select array_agg(person_id) as members from accounting.wallets) as pool
on conflict do nothing;
analyze load.draws;

-- Ids that grow, like the product's; those of transfers, tasks and events differ in their third part.
create or replace function load.id(part text, number bigint) returns uuid language sql immutable as $$
    select ('01900000-0000-' || part || '-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;
