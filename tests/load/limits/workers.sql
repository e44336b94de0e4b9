-- The workers in turn, ten thousand times, so that the limits find one by number.
create schema if not exists load;
create table if not exists load.turns (place integer primary key, person_id uuid not null);
insert into load.turns (place, person_id)
select place, members[1 + place % cardinality(members)]
from generate_series(0, 9999) as place,
    (select array_agg(person_id) as members from tasks.people where is_assignable) as pool
on conflict do nothing;
analyze load.turns;
