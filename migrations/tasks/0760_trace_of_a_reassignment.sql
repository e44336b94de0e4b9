-- The trace of the request that caused the run, as the events of the run name it (W3C traceparent).
alter table tasks.reassignments add column traceparent text;
