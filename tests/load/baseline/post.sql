-- The baseline of `post`: one call books `size` transfers with set-based statements, in the
-- accounting database alone. It writes the rows that the product writes for as many events: inbox,
-- transfers, wallets and the day's totals; for fees also the prices and the events that publish
-- them. It leaves out what else the product does: taking events from the outbox of the other
-- database, decoding them, the day's lock, the day's most expensive task, and delivering the prices
-- to tasks.

-- Books the transfers first * size + 1 to first * size + size: their lines, the wallets, the day's
-- totals.
create function load.book(first bigint, size integer, is_reward boolean) returns void language plpgsql as $$
declare
    earnings constant uuid := '00000000-0000-0000-0000-0000000000e0';
    today date := (select business_day from accounting.days where closed_at is null);
begin
    with postings as materialized (
        select number, wallet.person_id, case when is_reward then 2000 + number % 2000 else -1000 - number % 1000 end as change
        from generate_series(first * size + 1, first * size + size) as number
        join load.wallets as wallet on wallet.slot = number % 10000
    ), lines as (
        select
            postings.*,
            wallet.lines + row_number() over of_person as line,
            wallet.balance_minor + sum(change) over of_person as balance
        from postings
        join accounting.wallets as wallet using (person_id)
        window of_person as (partition by person_id order by number)
    ), inserted_transfers as (
        insert into accounting.transfers (
            transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line,
            balance_after_minor, task_id, occurred_at, booked_at, business_day
        )
        select
            load.id('7001', number),
            case when is_reward then 'reward:' || load.id('7002', number) else 'fee:' || load.id('7002', number) || ':1' end,
            case when is_reward then 'completion_reward' else 'assignment_fee' end,
            case when is_reward then earnings else person_id end,
            case when is_reward then person_id else earnings end,
            abs(change),
            person_id,
            line,
            balance,
            load.id('7002', number),
            now(),
            now(),
            today
        from lines
    ), upserted_day_totals as (
        insert into accounting.day_totals as kept (business_day, stripe, fees_minor, rewards_minor)
        select today, 0, case when is_reward then 0 else -sum(change) end, case when is_reward then sum(change) else 0 end
        from postings
        on conflict (business_day, stripe) do update
            set fees_minor = kept.fees_minor + excluded.fees_minor,
                rewards_minor = kept.rewards_minor + excluded.rewards_minor
    )
    update accounting.wallets as wallet
    set balance_minor = wallet.balance_minor + new.change,
        lines = wallet.lines + new.lines
    from (
        select person_id, sum(change) as change, count(*) as lines
        from postings
        group by person_id
    ) as new
    where wallet.person_id = new.person_id;
end
$$;

-- Rewards: one event for each, as completions over HTTP publish them.
create function load.post_rewards(first bigint, size integer) returns void language plpgsql as $$
begin
    insert into accounting.inbox (event_id, event_type, state, received_at)
    select load.id('7003', number), 'piecework.tasks.completed.v1', 'applied', now()
    from generate_series(first * size + 1, first * size + size) as number;
    perform load.book(first, size, true);
end
$$;

-- Fees of new tasks: five hundred in an event, as an import publishes them. Each task gets its
-- price, and five hundred prices are in an event.
create function load.post_fees(first bigint, size integer) returns void language plpgsql as $$
begin
    insert into accounting.inbox (event_id, event_type, state, received_at)
    select load.id('7003', number), 'piecework.tasks.created.v1', 'applied', now()
    from generate_series(first * size + 1, first * size + size, 500) as number;

    insert into accounting.prices (task_id, title, reference, fee_minor, reward_minor, policy_version, priced_at)
    select
        load.id('7002', number),
        format('Load %s: replace the filter of machine %s in hall %s', number, number % 977, number % 31),
        null,
        1000 + number % 1000,
        2000 + number % 2000,
        (select max(version) from accounting.pricing_policies),
        now()
    from generate_series(first * size + 1, first * size + size) as number;

    insert into accounting.outbox (event_id, weight, event)
    select
        load.id('7004', min(number)),
        count(*),
        (
            '{"specversion":"1.0","id":"' || load.id('7004', min(number))
            || '","source":"/piecework/accounting","type":"piecework.accounting.priced.v1","time":"' || now()
            || '","datacontenttype":"application/json","data":{"currency":"USD","prices":['
            || string_agg(
                '{"task_id":"' || load.id('7002', number) || '","fee_minor":' || 1000 + number % 1000 || ',"reward_minor":'
                || 2000 + number % 2000 || '}',
                ','
            )
            || ']}}'
        )::json
    from generate_series(first * size + 1, first * size + size) as number
    group by (number - 1) / 500;
    perform load.book(first, size, false);
end
$$;
