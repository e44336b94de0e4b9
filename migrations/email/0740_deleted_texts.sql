-- When the content and the message of a mail that was sent were deleted, after `email.keep_days`. The row stays as the record
-- of who got which kind of mail when. Null: the text is still there, or the mail had a one-time link, whose text is
-- deleted as soon as it is sent. `data` stays not null and becomes '{}', so that the previous program can read the row.
alter table email.mails add column text_deleted_at timestamptz;
