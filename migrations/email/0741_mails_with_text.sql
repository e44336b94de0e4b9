-- no-transaction
-- The job `email.delete_old_texts` takes the mails that were sent first.
create index concurrently if not exists mails_with_text on email.mails (sent_at)
    where state = 'sent' and text_deleted_at is null;
