-- A task's own lines of the ledger, and those of a day. Ids of transfers begin with the time of their booking, and those of tasks with
-- the time of their creation, so a new entry goes to the end of the second index and near the end of the first.
create index transfers_by_task on accounting.transfers (task_id, transfer_id) where task_id is not null;
create index transfers_by_day on accounting.transfers (business_day, transfer_id);
