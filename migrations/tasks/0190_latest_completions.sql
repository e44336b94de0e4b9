-- Completed tasks are listed by the time of their completion, too. A new entry goes to the end of the index.
create index completed_tasks_by_time on tasks.completed_tasks (completed_at, number);
