-- A name in the IANA database, such as Europe/Berlin. Null: the time zone of the installation.
alter table identity.people add column time_zone text;

-- A link that its person has asked for lives shorter than one that an admin creates, and replaces only its own kind.
alter table identity.links
    drop constraint links_kind_known,
    add constraint links_kind_known check (kind in ('first_admin', 'set_password', 'password_reset')),
    drop constraint links_person_fits_kind,
    add constraint links_person_fits_kind check ((kind = 'first_admin') = (person_id is null));

-- Requests of people who have forgotten their password, until a job has answered them with a mail or with nothing.
-- A request for an unknown address is the same row, so that the request does not show which addresses are known.
create table identity.password_reset_requests (
    -- As people.email_key.
    email_key text primary key,
    -- The key of an address that was stored before addresses went through IDNA.
    plain_key text not null,
    requested_at timestamptz not null
);

-- The job answers the oldest requests first.
create index password_reset_requests_age on identity.password_reset_requests (requested_at);

-- The mails with a link of the last hour. They limit how many mails a person gets, no matter who asks.
create table identity.link_mails (
    link_hash bytea primary key constraint link_mails_hash_length check (octet_length(link_hash) = 32),
    person_id uuid not null constraint link_mails_person references identity.people (id),
    mailed_at timestamptz not null
);
create index link_mails_of_person on identity.link_mails (person_id, mailed_at);
create index link_mails_age on identity.link_mails (mailed_at);
