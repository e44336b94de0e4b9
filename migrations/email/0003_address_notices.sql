-- A mail to a fixed address: both addresses get a notice when a person's address is changed.
alter table email.mails
    -- Null: the mail goes to the person's address at the time of the first attempt.
    add column recipient_address text,
    drop constraint mails_kind_known,
    add constraint mails_kind_known check (kind in ('payout_statement', 'address_changed')),
    -- An event may cause several mails to one person. Each has its own Message-ID, which depends only on the event,
    -- the person and the recipient, so that a redelivered event still causes no second mail.
    drop constraint mails_one_per_event,
    add constraint mails_one_per_event unique (event_id, message_id),
    drop constraint mails_one_per_day;

-- DOMAIN A7: one statement a person and day. An address may be changed several times a day.
create unique index mails_one_per_day on email.mails (kind, person_id, business_day) where kind = 'payout_statement';
