-- The audit trail: who did what, from where. Nothing is changed or deleted in it.

create table identity.audit_records (
    -- The event that carried the record. Such ids are in the order of their time.
    event_id uuid primary key,
    occurred_at timestamptz not null,
    action text not null,
    -- The id of a person, or `command_line`, `anonymous` or `system`.
    actor text not null,
    -- Who ran a command on the command line.
    operating_system_user text
        constraint audit_records_user_of_command check ((operating_system_user is not null) = (actor = 'command_line')),
    address text,
    subject text,
    details jsonb not null,
    request_id text
);
create index audit_records_of_actor on identity.audit_records (actor, event_id);
create index audit_records_of_action on identity.audit_records (action, event_id);
create index audit_records_of_subject on identity.audit_records (subject, event_id) where subject is not null;
create index audit_records_from_address on identity.audit_records (address, event_id) where address is not null;

create function identity.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name;
end
$$;
create trigger audit_records_append_only
    before update or delete or truncate on identity.audit_records
    execute function identity.refuse_change();
