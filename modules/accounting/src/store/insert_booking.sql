with open_day as materialized (
    select business_day
    from accounting.days
    where closed_at is null
), inserted_transfers as (
    insert into accounting.transfers (
        transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line,
        balance_after_minor, task_id, reverses, reason, posted_by, occurred_at, booked_at, business_day
    )
    select input.*, $15, open_day.business_day
    from open_day
    cross join unnest(
        $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::uuid[], $8::bigint[],
        $9::bigint[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::timestamptz[]
    ) as input
), updated_wallets as (
    update accounting.wallets as wallet
    set balance_minor = input.balance_minor,
        lines = input.lines
    from unnest($16::uuid[], $17::bigint[], $18::bigint[]) as input (person_id, balance_minor, lines)
    where wallet.person_id = input.person_id
        and exists (select from open_day)
), upserted_top_tasks as (
    insert into accounting.top_tasks as stored (completed_on, task_id, reward_minor, completed_at, completed_by)
    select input.*
    from unnest($24::date[], $25::uuid[], $26::bigint[], $27::timestamptz[], $28::uuid[])
        as input (completed_on, task_id, reward_minor, completed_at, completed_by)
    where (
        select (-reward_minor, completed_at, task_id) <= (-input.reward_minor, input.completed_at, input.task_id)
        from accounting.top_tasks
        where completed_on = input.completed_on
    ) is not true
        and exists (select from open_day)
    on conflict (completed_on) do update
        set task_id = excluded.task_id,
            reward_minor = excluded.reward_minor,
            completed_at = excluded.completed_at,
            completed_by = excluded.completed_by
        where (-excluded.reward_minor, excluded.completed_at, excluded.task_id)
            < (-stored.reward_minor, stored.completed_at, stored.task_id)
), upserted_day_totals as (
    insert into accounting.day_totals as stored (
        business_day, stripe, fees_minor, rewards_minor, reversed_fees_minor, reversed_rewards_minor,
        wallets_below_zero_change
    )
    select business_day, (pg_backend_pid() % 16)::smallint, $19, $20, $21, $22, $23
    from open_day
    on conflict (business_day, stripe) do update
        set fees_minor = stored.fees_minor + excluded.fees_minor,
            rewards_minor = stored.rewards_minor + excluded.rewards_minor,
            reversed_fees_minor = stored.reversed_fees_minor + excluded.reversed_fees_minor,
            reversed_rewards_minor = stored.reversed_rewards_minor + excluded.reversed_rewards_minor,
            wallets_below_zero_change = stored.wallets_below_zero_change + excluded.wallets_below_zero_change
)
select exists (select from open_day) as "is_day_open!"
