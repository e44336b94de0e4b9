-- Number of attempts since the mail was last queued after which it is not known whether the mail
-- server has accepted the mail. Such attempts are repeated less often than others.
alter table email.mails
    add column unknown_outcomes integer not null default 0
        constraint mails_unknown_outcomes_counted check (unknown_outcomes >= 0);
