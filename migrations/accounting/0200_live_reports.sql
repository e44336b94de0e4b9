-- What the module publishes for the event streams of people. Each booking of a wallet adds a line.
create view accounting_report.wallet_lines as
select person_id, lines
from accounting.wallets;
