-- Mails with a one-time link. The link is a secret, so the content and the message are deleted when the mail was sent.
alter table email.mails
    drop constraint mails_kind_known,
    add constraint mails_kind_known
        check (kind in ('payout_statement', 'address_changed', 'invitation', 'password_reset')),
    -- A mail that was sent may keep its address without its message.
    drop constraint mails_built_whole,
    add constraint mails_built_whole check (message is null or to_address is not null);
