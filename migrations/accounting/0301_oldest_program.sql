-- The oldest version of the program that works on this schema. A program that does not know the newest migrations starts
-- only if it is at least this version. A migration that takes away what an older version uses replaces the function.
create function accounting.oldest_program() returns text language sql immutable as $$ select '0.1.0' $$;
