-- Admins list the mails of one person, and of one kind, newest first.
create index mails_by_person on email.mails (person_id, id);
create index mails_by_kind on email.mails (kind, id);
