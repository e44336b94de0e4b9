-- The trace of the request that caused the mail, as its event names it (W3C traceparent).
alter table email.mails add column traceparent text;
