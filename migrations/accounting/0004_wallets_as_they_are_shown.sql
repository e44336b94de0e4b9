-- A wallet as it is shown. What the open day has brought is the balance less that of the last line before it: nobody is paid before the
-- close, and a day has more lines than anybody wants to add up for each look.
create view accounting.shown_wallets as
select
    wallet.person_id,
    person.name,
    wallet.balance_minor,
    wallet.balance_minor - coalesce(before.balance_after_minor, 0) as today_minor
from accounting.wallets as wallet
left join accounting.people as person on person.person_id = wallet.person_id
left join lateral (
    select balance_after_minor
    from accounting.transfers
    where person_id = wallet.person_id
        and business_day < (select business_day from accounting.days where closed_at is null)
    order by business_day desc, line desc
    limit 1
) as before on true;
