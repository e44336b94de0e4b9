-- no-transaction
-- A list of people in the order of their names, which the page offers.
create index concurrently if not exists people_by_name on identity.people (lower(name), id);
