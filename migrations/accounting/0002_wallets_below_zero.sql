-- An index on what every booking changes has each of them write new index entries for its wallets. So the balance is in none, and the
-- wallets below zero are counted as they change.

drop index accounting.wallets_below_zero;
drop index accounting.wallets_above_zero;

-- By how much the number of wallets below zero changed. Before the open day it was what the last close had counted.
alter table accounting.day_totals add column wallets_below_zero_change bigint not null default 0;

create or replace view accounting_report.wallets_below_zero as
select (
    coalesce((
        select wallets_below_zero
        from accounting.days
        where closed_at is not null
        order by business_day desc
        limit 1
    ), 0)
    + coalesce((
        select sum(total.wallets_below_zero_change)
        from accounting.day_totals as total
        join accounting.days as day on day.business_day = total.business_day
        where day.closed_at is null
    ), 0)
)::bigint as wallets;

insert into accounting.day_totals as kept (business_day, stripe, wallets_below_zero_change)
select
    day.business_day,
    0,
    (select count(*) from accounting.wallets where balance_minor < 0) - (select wallets from accounting_report.wallets_below_zero)
from accounting.days as day
where day.closed_at is null
on conflict (business_day, stripe) do update
    set wallets_below_zero_change = excluded.wallets_below_zero_change;
