-- Takes the order lock, shared, and says which pool is in force when it is had; null before the first. Volatile on purpose: such a
-- function looks anew at each of its statements, so it sees what whoever held the lock has changed, which the statement that calls it does not.
create function tasks.pool_under_order_lock(key bigint) returns bigint language plpgsql volatile as $$
begin
    perform pg_advisory_xact_lock_shared(key);
    return (select max(pool_id) from tasks.pools);
end
$$;
grant execute on function tasks.pool_under_order_lock to public;
