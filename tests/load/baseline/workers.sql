-- Ten thousand slots with one worker after the other, so that the baseline finds a worker by
-- number.
create schema if not exists load;
create table if not exists load.workers (slot integer primary key, person_id uuid not null);
insert into load.workers (slot, person_id)
select slot, members[1 + slot % cardinality(members)]
from generate_series(0, 9999) as slot,
    (select array_agg(person_id) as members from tasks.people where is_assignable) as pool
on conflict do nothing;
analyze load.workers;
