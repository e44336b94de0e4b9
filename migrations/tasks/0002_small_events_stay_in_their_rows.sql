-- An event of a few kilobytes stays in its row as it is: it lives for some milliseconds, and compressing it took longer than writing it.
alter table tasks.outbox set (toast_tuple_target = 8160);
