--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: apalis; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA apalis;


--
-- Name: identity; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA identity;


--
-- Name: tasks; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA tasks;


--
-- Name: tasks_report; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA tasks_report;


--
-- Name: hstore; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;


--
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: pgcrypto; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;


--
-- Name: generate_ulid(); Type: FUNCTION; Schema: apalis; Owner: -
--

CREATE FUNCTION apalis.generate_ulid() RETURNS text
    LANGUAGE plpgsql
    AS $$
DECLARE
  -- Crockford's Base32
  encoding   BYTEA = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  timestamp  BYTEA = E'\\000\\000\\000\\000\\000\\000';
  output     TEXT = '';

  unix_time  BIGINT;
  ulid       BYTEA;
  rand       BYTEA;
BEGIN
  -- 6 timestamp bytes
  unix_time = (EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000)::BIGINT;
  timestamp = SET_BYTE(timestamp, 0, (unix_time >> 40)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 1, (unix_time >> 32)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 2, (unix_time >> 24)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 3, (unix_time >> 16)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 4, (unix_time >> 8)::BIT(8)::INTEGER);
  timestamp = SET_BYTE(timestamp, 5, unix_time::BIT(8)::INTEGER);

  -- 10 entropy bytes, taken from a core gen_random_uuid(). Bytes 1-6 and 11-14
  -- of the UUID are fully random (we skip the version/variant bytes at offsets
  -- 7 and 9), preserving the full 80 bits of ULID entropy.
  rand = uuid_send(gen_random_uuid());
  ulid = timestamp || substr(rand, 1, 6) || substr(rand, 11, 4);

  -- Encode the timestamp
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 0) & 224) >> 5));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 0) & 31)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 1) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 1) & 7) << 2) | ((GET_BYTE(ulid, 2) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 2) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 2) & 1) << 4) | ((GET_BYTE(ulid, 3) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 3) & 15) << 1) | ((GET_BYTE(ulid, 4) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 4) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 4) & 3) << 3) | ((GET_BYTE(ulid, 5) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 5) & 31)));

  -- Encode the entropy
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 6) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 6) & 7) << 2) | ((GET_BYTE(ulid, 7) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 7) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 7) & 1) << 4) | ((GET_BYTE(ulid, 8) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 8) & 15) << 1) | ((GET_BYTE(ulid, 9) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 9) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 9) & 3) << 3) | ((GET_BYTE(ulid, 10) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 10) & 31)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 11) & 248) >> 3));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 11) & 7) << 2) | ((GET_BYTE(ulid, 12) & 192) >> 6)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 12) & 62) >> 1));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 12) & 1) << 4) | ((GET_BYTE(ulid, 13) & 240) >> 4)));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 13) & 15) << 1) | ((GET_BYTE(ulid, 14) & 128) >> 7)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 14) & 124) >> 2));
  output = output || CHR(GET_BYTE(encoding, ((GET_BYTE(ulid, 14) & 3) << 3) | ((GET_BYTE(ulid, 15) & 224) >> 5)));
  output = output || CHR(GET_BYTE(encoding, (GET_BYTE(ulid, 15) & 31)));

  RETURN output;
END
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: jobs; Type: TABLE; Schema: apalis; Owner: -
--

CREATE TABLE apalis.jobs (
    job bytea NOT NULL,
    id text NOT NULL,
    job_type text NOT NULL,
    status text DEFAULT 'Pending'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 25 NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    last_result jsonb,
    lock_at timestamp with time zone,
    lock_by text,
    done_at timestamp with time zone,
    priority integer DEFAULT 0,
    idempotency_key text,
    metadata public.hstore
);


--
-- Name: get_jobs(text, text, integer); Type: FUNCTION; Schema: apalis; Owner: -
--

CREATE FUNCTION apalis.get_jobs(worker_id text, v_job_type text, v_job_count integer DEFAULT 5) RETURNS SETOF apalis.jobs
    LANGUAGE sql
    AS $$
    WITH jobs AS (
        SELECT id
        FROM apalis.jobs
        WHERE
            (
                status = 'Pending'
                OR (
                    status = 'Failed'
                    AND attempts < max_attempts
                )
            )
            AND run_at < now()
            AND job_type = v_job_type
        ORDER BY priority DESC, run_at ASC
        LIMIT v_job_count
        FOR UPDATE SKIP LOCKED
    )
    UPDATE apalis.jobs j
    SET
        status = 'Queued',
        lock_by = worker_id,
        lock_at = now()
    FROM jobs
    WHERE j.id = jobs.id
    RETURNING j.*;
$$;


--
-- Name: notify_new_jobs(); Type: FUNCTION; Schema: apalis; Owner: -
--

CREATE FUNCTION apalis.notify_new_jobs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.run_at <= now() THEN
        PERFORM pg_notify(
            'apalis::job::insert',
            json_build_object(
                'job_type', NEW.job_type,
                'id', NEW.id,
                'run_at', NEW.run_at
            )::text
        );
    END IF;
    RETURN NEW;
END;
$$;


--
-- Name: push_job(text, json, text, timestamp with time zone, integer, integer); Type: FUNCTION; Schema: apalis; Owner: -
--

CREATE FUNCTION apalis.push_job(job_type text, job json DEFAULT NULL::json, status text DEFAULT 'Pending'::text, run_at timestamp with time zone DEFAULT now(), max_attempts integer DEFAULT 25, priority integer DEFAULT 0) RETURNS apalis.jobs
    LANGUAGE plpgsql
    AS $$

        DECLARE
            v_job_row apalis.jobs;
            v_job_id text;

        BEGIN
        IF job_type is not NULL and length(job_type) > 512 THEN raise exception 'Job_type is too long (max length: 512).' USING errcode = 'APAJT';
        END IF;

        IF max_attempts < 1 THEN raise exception 'Job maximum attempts must be at least 1.' USING errcode = 'APAMA';
        end IF;

        SELECT
            apalis.generate_ulid() INTO v_job_id;
        INSERT INTO
            apalis.jobs
        VALUES
            (
                job,
                v_job_id,
                job_type,
                status,
                0,
                max_attempts,
                run_at,
                NULL,
                NULL,
                NULL,
                NULL,
                priority
            )
            returning * INTO v_job_row;
            RETURN v_job_row;
END;
$$;


--
-- Name: oldest_program(); Type: FUNCTION; Schema: identity; Owner: -
--

CREATE FUNCTION identity.oldest_program() RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ select '0.1.0' $$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: identity; Owner: -
--

CREATE FUNCTION identity.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the audit trail is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name;
end
$$;


--
-- Name: oldest_program(); Type: FUNCTION; Schema: tasks; Owner: -
--

CREATE FUNCTION tasks.oldest_program() RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ select '0.1.0' $$;


--
-- Name: pool_under_order_lock(bigint); Type: FUNCTION; Schema: tasks; Owner: -
--

CREATE FUNCTION tasks.pool_under_order_lock(key bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_advisory_xact_lock_shared(key);
    return (select max(pool_id) from tasks.pools);
end
$$;


--
-- Name: _sqlx_migrations; Type: TABLE; Schema: apalis; Owner: -
--

CREATE TABLE apalis._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: workers; Type: TABLE; Schema: apalis; Owner: -
--

CREATE TABLE apalis.workers (
    id text NOT NULL,
    worker_type text NOT NULL,
    storage_name text NOT NULL,
    layers text DEFAULT ''::text NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone
);


--
-- Name: api_tokens; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.api_tokens (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_tokens_expire_later CHECK ((expires_at > created_at)),
    CONSTRAINT api_tokens_hash_length CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT api_tokens_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_tokens_scopes_not_empty CHECK ((cardinality(scopes) >= 1))
);


--
-- Name: audit_records; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.audit_records (
    event_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    operating_system_user text,
    address text,
    subject text,
    details jsonb NOT NULL,
    request_id text,
    CONSTRAINT audit_records_user_of_command CHECK (((operating_system_user IS NOT NULL) = (actor = 'command_line'::text)))
);


--
-- Name: familiar_addresses; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.familiar_addresses (
    person_id uuid NOT NULL,
    address text NOT NULL,
    last_login_at timestamp with time zone NOT NULL
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.idempotency_keys (
    key_hash bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    headers json NOT NULL,
    body bytea,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_fingerprint_length CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_hash_length CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT idempotency_keys_success CHECK (((status >= 200) AND (status <= 299)))
);


--
-- Name: inbox; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.inbox (
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    next_attempt_at timestamp with time zone,
    discard_reason text,
    event json,
    CONSTRAINT inbox_state_known CHECK ((state = ANY (ARRAY['applied'::text, 'retry'::text, 'parked'::text, 'discarded'::text])))
);


--
-- Name: link_mails; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.link_mails (
    link_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    mailed_at timestamp with time zone NOT NULL,
    CONSTRAINT link_mails_hash_length CHECK ((octet_length(link_hash) = 32))
);


--
-- Name: links; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.links (
    token_hash bytea NOT NULL,
    kind text NOT NULL,
    person_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT links_hash_length CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT links_kind_known CHECK ((kind = ANY (ARRAY['first_admin'::text, 'set_password'::text, 'password_reset'::text]))),
    CONSTRAINT links_person_fits_kind CHECK (((kind = 'first_admin'::text) = (person_id IS NULL)))
);


--
-- Name: login_attempts; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.login_attempts (
    bucket text NOT NULL,
    full_at timestamp with time zone NOT NULL
);


--
-- Name: migrations; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: outbox; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.outbox (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    weight integer NOT NULL,
    event json NOT NULL
);


--
-- Name: outbox_position_seq; Type: SEQUENCE; Schema: identity; Owner: -
--

ALTER TABLE identity.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME identity.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: password_reset_requests; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.password_reset_requests (
    email_key text NOT NULL,
    plain_key text NOT NULL,
    requested_at timestamp with time zone NOT NULL
);


--
-- Name: people; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.people (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    active boolean NOT NULL,
    language text,
    password_hash text,
    version bigint NOT NULL,
    access_version bigint NOT NULL,
    access_changed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    time_zone text,
    CONSTRAINT people_access_version_positive CHECK ((access_version >= 1)),
    CONSTRAINT people_language_known CHECK ((language = ANY (ARRAY['en'::text, 'ru'::text]))),
    CONSTRAINT people_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT people_role_known CHECK ((role = ANY (ARRAY['worker'::text, 'accountant'::text, 'manager'::text, 'admin'::text]))),
    CONSTRAINT people_version_positive CHECK ((version >= 1))
);


--
-- Name: refresh_tokens; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    successor_salt bytea,
    CONSTRAINT refresh_tokens_hash_length CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT refresh_tokens_salt_length CHECK ((octet_length(successor_salt) = 32))
);


--
-- Name: sessions; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.sessions (
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    carrier text DEFAULT 'bearer'::text NOT NULL,
    login_method text DEFAULT 'password'::text NOT NULL,
    user_agent text,
    client_address text,
    CONSTRAINT sessions_carrier_known CHECK ((carrier = ANY (ARRAY['bearer'::text, 'cookie'::text]))),
    CONSTRAINT sessions_login_method_known CHECK ((login_method = ANY (ARRAY['password'::text, 'sso'::text]))),
    CONSTRAINT sessions_user_agent_length CHECK ((char_length(user_agent) <= 400))
);


--
-- Name: signing_keys; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.signing_keys (
    id text NOT NULL,
    private_key_pkcs8 bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    verifies_until timestamp with time zone
);


--
-- Name: sso_subjects; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.sso_subjects (
    issuer text NOT NULL,
    subject text NOT NULL,
    person_id uuid NOT NULL,
    bound_at timestamp with time zone NOT NULL,
    CONSTRAINT sso_subjects_subject_length CHECK (((char_length(subject) >= 1) AND (char_length(subject) <= 255)))
);


--
-- Name: sso_used_states; Type: TABLE; Schema: identity; Owner: -
--

CREATE TABLE identity.sso_used_states (
    state_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sso_used_states_hash_length CHECK ((octet_length(state_hash) = 32))
);


--
-- Name: assignments; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.assignments (
    number bigint NOT NULL,
    assignment integer NOT NULL,
    assignee_id uuid NOT NULL,
    assigned_at timestamp with time zone NOT NULL,
    pool_id bigint NOT NULL,
    seed bigint NOT NULL,
    draw_index integer NOT NULL,
    reassignment_id uuid
);


--
-- Name: event_order; Type: SEQUENCE; Schema: tasks; Owner: -
--

CREATE SEQUENCE tasks.event_order
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: completed_tasks; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.completed_tasks (
    number bigint NOT NULL,
    completion_order bigint DEFAULT nextval('tasks.event_order'::regclass) NOT NULL,
    completed_by uuid NOT NULL,
    assignment integer NOT NULL,
    completed_at timestamp with time zone NOT NULL
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.idempotency_keys (
    key_hash bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint NOT NULL,
    headers json NOT NULL,
    body bytea,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_fingerprint_length CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_hash_length CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT idempotency_keys_success CHECK (((status >= 200) AND (status <= 299)))
);


--
-- Name: inbox; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.inbox (
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    state text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    next_attempt_at timestamp with time zone,
    discard_reason text,
    event json,
    CONSTRAINT inbox_state_known CHECK ((state = ANY (ARRAY['applied'::text, 'retry'::text, 'parked'::text, 'discarded'::text])))
);


--
-- Name: migrations; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: open_tasks; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.open_tasks (
    number bigint NOT NULL,
    assignee_id uuid NOT NULL,
    assignment integer NOT NULL
)
WITH (fillfactor='70');


--
-- Name: outbox; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.outbox (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    weight integer NOT NULL,
    event json NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: outbox_position_seq; Type: SEQUENCE; Schema: tasks; Owner: -
--

ALTER TABLE tasks.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasks.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: people; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.people (
    person_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    is_assignable boolean NOT NULL
);


--
-- Name: pools; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.pools (
    pool_id bigint NOT NULL,
    members uuid[] NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: pools_pool_id_seq; Type: SEQUENCE; Schema: tasks; Owner: -
--

ALTER TABLE tasks.pools ALTER COLUMN pool_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasks.pools_pool_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: prices; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.prices (
    number bigint NOT NULL,
    fee_minor bigint NOT NULL,
    reward_minor bigint NOT NULL,
    currency text NOT NULL,
    CONSTRAINT prices_fee_positive CHECK ((fee_minor > 0)),
    CONSTRAINT prices_reward_positive CHECK ((reward_minor > 0))
);


--
-- Name: reassignments; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.reassignments (
    reassignment_id uuid NOT NULL,
    asked_order bigint DEFAULT nextval('tasks.event_order'::regclass) NOT NULL,
    person_id uuid,
    requested_by uuid,
    requested_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    total bigint NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    reassigned bigint DEFAULT 0 NOT NULL,
    resume_after bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    last_error text,
    cost_minor bigint DEFAULT 0 NOT NULL,
    traceparent text,
    CONSTRAINT reassignments_done_within_total CHECK (((done >= 0) AND (done <= total))),
    CONSTRAINT reassignments_status_known CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'blocked'::text, 'completed'::text, 'failed'::text])))
);


--
-- Name: tasks; Type: TABLE; Schema: tasks; Owner: -
--

CREATE TABLE tasks.tasks (
    number bigint DEFAULT nextval('tasks.event_order'::regclass) NOT NULL,
    task_id uuid NOT NULL,
    title text NOT NULL,
    reference text,
    description text,
    link text,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    import_key text,
    CONSTRAINT tasks_title_length CHECK (((char_length(title) >= 1) AND (char_length(title) <= 500)))
);


--
-- Name: open_tasks; Type: VIEW; Schema: tasks_report; Owner: -
--

CREATE VIEW tasks_report.open_tasks AS
 SELECT open.assignee_id AS person_id,
    open.number,
    open.assignment,
    (price.number IS NOT NULL) AS is_priced
   FROM (tasks.open_tasks open
     LEFT JOIN tasks.prices price ON ((price.number = open.number)));


--
-- Name: people; Type: VIEW; Schema: tasks_report; Owner: -
--

CREATE VIEW tasks_report.people AS
 SELECT people.person_id,
    people.name
   FROM tasks.people;


--
-- Name: reassignments; Type: VIEW; Schema: tasks_report; Owner: -
--

CREATE VIEW tasks_report.reassignments AS
 SELECT reassignments.reassignment_id,
    reassignments.asked_order AS requested_order,
    reassignments.status,
    reassignments.total,
    reassignments.done,
    reassignments.reassigned
   FROM tasks.reassignments;


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis._sqlx_migrations VALUES
	(20220530084123, 'jobs workers', '2026-11-27 06:03:14.218166+00', true, '\xd0839c6f57a379769dc27ccd581feb3d2709239c8f138e05271c9e3c760c4517a78a4d8912ab3d63b074b28d15ec74e9', 5056023),
	(20220709210445, 'add job fn', '2026-11-27 06:03:14.218166+00', true, '\x14f906e53a627f1b27996e74e8e69dbc29ee70519e7af4f0032a27c75ed706a34af8bafecc8f8572855f314cbc5a7ba9', 630884),
	(20230330210841, 'replace add job fn', '2026-11-27 06:03:14.218166+00', true, '\xd9b6e57e6de60db1647e2447cf36bf0eafbec266f1d482bd196affc97617efbc4c07bad826706c7b3a0b3960cf9f727b', 3073769),
	(20230408110421, 'drop old push job', '2026-11-27 06:03:14.218166+00', true, '\x3656a91fe9c652ca23df775a601409a9252357f47088d6bcf2025fda2dd67e50c99ad94d1d2ca569c91c343189c58e33', 699845),
	(20230408234928, 'add get jobs fn ', '2026-11-27 06:03:14.218166+00', true, '\x176c3acaf1097ff45da76d4c746af766640027b6721a056b3fc3fcc4ab8192344920b4415e8dae46f5136ee223ed5f6b', 489865),
	(20240225141841, 'replace add job fn remove jid', '2026-11-27 06:03:14.218166+00', true, '\xc53560b7a312915d696ed6c7e18bda478d9bf1278c4d59e3c53b47c45d8a903f089c728a5ff2e131cd5b629cdfe7d4cb', 1012929),
	(20250210092135, 'include failed in get jobs', '2026-11-27 06:03:14.218166+00', true, '\x810786bd8f1007bf523bec8ed9de0a9ae789e634e5434a1a5cc9c1b766bd758b4d37912ef390dcf95e8de23910eeef55', 450727),
	(20250223193249, 'fix get jobs conditional', '2026-11-27 06:03:14.218166+00', true, '\xcfda3f3d62b4122b6321af0e45ba162fd3ad5d07f95e4eefe858600551167e31454ebd57d45b62e880336fcfef3ef2a7', 549032),
	(20250307001101, 'add job priority', '2026-11-27 06:03:14.218166+00', true, '\xb5d318f2da5e909d66db190f58b76ae52f6808733d2a88d180555430d28518fee783fb0ff1e1c37ed1dc79627abd9694', 1431969),
	(20250404160441, 'cleanup old push jobs fn', '2026-11-27 06:03:14.218166+00', true, '\x962242ef0971de54905cafbdefe26a3c1f32c1c52ef13b6937c2920445b1ce97cd2dcf7db9c293becc95dc55412e7a15', 14198184),
	(20250722071207, 'improve notify', '2026-11-27 06:03:14.218166+00', true, '\xb3a1f712f8fbdfe38004134d8f55e49857b764f3277f38dd9d13299d5e0afbc895005b62fa0355b8a0d8595a38be6db7', 919491),
	(20251018164839, 'update result', '2026-11-27 06:03:14.218166+00', true, '\xe4e3d1efc77746e4db164b49017c90785613b35520da84f9a5a3f8981d60420d9dec3c94af9e8632ab711ffac7c1e199', 8902005),
	(20251018164912, 'add metadata', '2026-11-27 06:03:14.218166+00', true, '\x803a4510201392a36e20ef81c9b05230ffa734a292c875f87ea65bc73944642b1d260a38741c4bdb88c0096338c152c0', 475774),
	(20251018165007, 'move to bytes', '2026-11-27 06:03:14.218166+00', true, '\xdcbb8181c56cc4b9511ddc940f81f5bb9420436d0f4edf1bc9978011324e6b8d5437c50830b8651e2168608d04977272', 10538949),
	(20251018165033, 'add started at', '2026-11-27 06:03:14.218166+00', true, '\x21b1264f3881a4cf4fb209ff2cc75c21946441691745d7cbc9ab1dd812a1e1c08648e47ea8b4de060784da581dab2246', 421725),
	(20251018165056, 'queue jobs', '2026-11-27 06:03:14.218166+00', true, '\xdd02b7e9c23a7da0f71bff73b469c51b7305d1830e7f4bd6de083c11315e8492801e242755d9981381760a5ace6d8fe7', 3970857),
	(20251018165121, 'notify run at', '2026-11-27 06:03:14.218166+00', true, '\xa99e6c60687ec15c1bf8132763db63a0d9d18e1ee814527254fc95ee733e65bdf2f0ae64ca86cae0d1f232654d189fda', 642882),
	(20251225090252, 'include primary keys', '2026-11-27 06:03:14.218166+00', true, '\xfd9f16bd772c5682ecb3f6b0a21efed5581a85316770ab8d620b38346e9319ae239ef784e8eb46735d6be735e7b3b5be', 880893),
	(20260508093314, 'idempotency key', '2026-11-27 06:03:14.218166+00', true, '\xf2686534e1abbba2fcde715c1ca724e7937a4e1f49d6a9a462ed4f1c2e8b83518f4f78868a111d6451afba770207c2d0', 2495504),
	(20260605000000, 'confine generate ulid to apalis', '2026-11-27 06:03:14.218166+00', true, '\xc56dbd61156387934579af19b51ba95bd0cbe203f9528f0cd619c191730788858eca89044a7aa0622d308b9a3028e2c5', 923627),
	(20260824233636, 'streamline indices', '2026-11-27 06:03:14.218166+00', true, '\x09c57f5bd9cce210564e8b12da0520289290ad729ef4205cdd55bd2a60ac85f889df8c23b20a4a01d959f0c8b5775a6d', 1378970),
	(20260826101335, 'metadata hstore', '2026-11-27 06:03:14.218166+00', true, '\xcc38c9e6fd38157b443f6dd584e322405d49dedfd3a60867604102078a99320f97279e6c244cb87f84152ab9be7d41be', 61986984),
	(20260902075949, 'remove pl in get jobs', '2026-11-27 06:03:14.218166+00', true, '\x0dc0483d69bf530508d451bec9346f7d14be68c37308b130910462d130cab0827eb2825d20072105c83ae3a66ed82c6b', 15176361);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis.jobs VALUES
	('\x6e756c6c', '01M8DSKPV0MCWC3Y48P22N53YB', 'identity.password_resets', 'Done', 1, 1, '2026-11-27 06:03:17.727228+00', '{"Ok": null}', '2026-11-27 06:03:17.756271+00', 'identity.password_resets/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:17.916363+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKPXQVYY8A1GQ7HK95ZE5', 'tasks.prune_idempotency_keys', 'Done', 1, 1, '2026-11-27 06:03:17.811682+00', '{"Ok": null}', '2026-11-27 06:03:17.825632+00', 'tasks.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:17.927364+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKPYHJ5BS2EHQADXJF82P', 'identity.prune_idempotency_keys', 'Done', 1, 1, '2026-11-27 06:03:17.8383+00', '{"Ok": null}', '2026-11-27 06:03:17.916413+00', 'identity.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:17.931488+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKPXT2NAMJXBZBZQFPMQ5', 'identity.prune', 'Done', 1, 1, '2026-11-27 06:03:17.815267+00', '{"Ok": null}', '2026-11-27 06:03:17.832524+00', 'identity.prune/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.005836+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKPTAP42CF22K8M9B1Z5R', 'tasks.reassign', 'Done', 1, 1, '2026-11-27 06:03:17.698275+00', '{"Ok": null}', '2026-11-27 06:03:17.772385+00', 'tasks.reassign/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.145213+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKR7F8EPGY977KT6R7RMP', 'tasks.reassign', 'Done', 1, 1, '2026-11-27 06:03:19.15017+00', '{"Ok": null}', '2026-11-27 06:03:19.153369+00', 'tasks.reassign/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:19.282879+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKRMHB513ST62JQSEA4PC', 'tasks.reassign', 'Done', 1, 1, '2026-11-27 06:03:19.567947+00', '{"Ok": null}', '2026-11-27 06:03:19.575392+00', 'tasks.reassign/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:20.145723+00', 0, NULL, NULL);


--
-- Data for Name: workers; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis.workers VALUES
	('identity.password_resets/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'identity.password_resets', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:17+00', NULL),
	('identity.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'identity.prune_idempotency_keys', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:17+00', NULL),
	('tasks.reassign/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'tasks.reassign', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:17+00', NULL),
	('tasks.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'tasks.prune_idempotency_keys', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:17+00', NULL),
	('identity.prune/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'identity.prune', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:17+00', NULL);


--
-- Data for Name: api_tokens; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: audit_records; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.audit_records VALUES
	('01a21b99-ce92-7d56-8af6-ac491e3dec28', '2026-11-27 06:03:14.449998+00', 'signing_key_created', 'system', NULL, NULL, '18A4NnL_N9Sl13_vfEb9kwBR8T2Vb7BmyjU493WyQ6E', '{}', NULL),
	('01a21b99-cfe0-78e4-aaa1-fa0b1fa471b5', '2026-11-27 06:03:14.78439+00', 'person_created', 'command_line', 'root', NULL, '01a21b99-cfde-7668-bcea-e663306723b0', '{"role": "worker"}', NULL),
	('01a21b99-d239-7e7c-ad74-8444b4ab974e', '2026-11-27 06:03:15.385626+00', 'person_created', 'command_line', 'root', NULL, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '{"role": "worker"}', NULL),
	('01a21b99-d5b2-7693-98e9-d536b8489ceb', '2026-11-27 06:03:16.274501+00', 'person_created', 'command_line', 'root', NULL, '01a21b99-d5ad-7451-b560-4a97fe40b215', '{"role": "accountant"}', NULL),
	('01a21b99-d803-71b6-9b82-3a534323ca93', '2026-11-27 06:03:16.86744+00', 'person_created', 'command_line', 'root', NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '{"role": "manager"}', NULL),
	('01a21b99-de10-7ec4-9775-ad97688fc4df', '2026-11-27 06:03:18.416113+00', 'logged_in', '01a21b99-cfde-7668-bcea-e663306723b0', NULL, '127.0.0.1', '01a21b99-cfde-7668-bcea-e663306723b0', '{"session_id": "01a21b99-de06-7113-b1fa-6b84b4d18fe1", "login_method": "password"}', '01a21b99-dd35-7901-a288-b0f6671c9887'),
	('01a21b99-e000-70da-a350-83a5bf2c33c5', '2026-11-27 06:03:18.912301+00', 'logged_in', '01a21b99-d237-783d-afdb-99bbe68a9fa5', NULL, '127.0.0.1', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '{"session_id": "01a21b99-dffe-75a1-bd8c-4402583f87df", "login_method": "password"}', '01a21b99-df63-7c3f-b8b2-72f845c46e9c'),
	('01a21b99-e064-752a-862f-07486f629cd3', '2026-11-27 06:03:19.012719+00', 'logged_in', '01a21b99-d5ad-7451-b560-4a97fe40b215', NULL, '127.0.0.1', '01a21b99-d5ad-7451-b560-4a97fe40b215', '{"session_id": "01a21b99-e062-7362-835a-578d3d3e2f88", "login_method": "password"}', '01a21b99-e017-7978-8596-3ba6b5c6367d'),
	('01a21b99-e099-761f-9736-08cb6b3e687b', '2026-11-27 06:03:19.065062+00', 'logged_in', '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', NULL, '127.0.0.1', '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '{"session_id": "01a21b99-e097-7427-85f2-076cf213f546", "login_method": "password"}', '01a21b99-e068-7a27-8c74-f545cb194ea1'),
	('01a21b99-e0ed-7471-b372-c65740ba7de3', '2026-11-27 06:03:19.149408+00', 'reassign_requested', '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', NULL, '127.0.0.1', '01a21b99-e0e6-70e4-b78e-d25a952d14a6', '{"open_tasks": "6"}', '01a21b99-e0d6-70f2-b870-bbd67169e7bc'),
	('01a21b99-e1f6-7ce8-9918-585bd8767174', '2026-11-27 06:03:19.414323+00', 'day_closed', '01a21b99-d5ad-7451-b560-4a97fe40b215', NULL, '127.0.0.1', '2026-11-27', '{"payouts": "2"}', '01a21b99-e1c3-7025-b421-c3907c5851f1'),
	('01a21b99-e290-777d-bcee-59a02927cc62', '2026-11-27 06:03:19.568105+00', 'reassign_requested', '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', NULL, '127.0.0.1', '01a21b99-e28e-7745-8989-dc7505cc2d3c', '{"open_tasks": "9"}', '01a21b99-e28c-7593-8317-4b6a3202730f');


--
-- Data for Name: familiar_addresses; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.familiar_addresses VALUES
	('01a21b99-cfde-7668-bcea-e663306723b0', '127.0.0.1', '2026-11-27 06:03:18.430769+00'),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', '127.0.0.1', '2026-11-27 06:03:18.913107+00'),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', '127.0.0.1', '2026-11-27 06:03:19.013541+00'),
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '127.0.0.1', '2026-11-27 06:03:19.066336+00');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: inbox; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.inbox VALUES
	('01a21b99-ce92-7d56-8af6-ac491e3dec28', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:14.661574+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-cfe0-78e4-aaa1-fa0b1fa471b5', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:14.794127+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d239-7e7c-ad74-8444b4ab974e', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:15.440141+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d5b2-7693-98e9-d536b8489ceb', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:16.3017+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d803-71b6-9b82-3a534323ca93', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:16.888937+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-de10-7ec4-9775-ad97688fc4df', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:18.472083+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e000-70da-a350-83a5bf2c33c5', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:18.934105+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e064-752a-862f-07486f629cd3', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:19.019931+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e099-761f-9736-08cb6b3e687b', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:19.069629+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0ed-7471-b372-c65740ba7de3', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:19.173641+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e1f6-7ce8-9918-585bd8767174', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:19.42762+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e290-777d-bcee-59a02927cc62', 'piecework.audit.recorded.v1', 'applied', '2026-11-27 06:03:19.570909+00', 0, NULL, NULL, NULL, NULL);


--
-- Data for Name: link_mails; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: links; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: login_attempts; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: migrations; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.migrations VALUES
	(1, 'people and access', '2026-11-27 06:03:13.383257+00', true, '\xe94da17c97bec12e179602d3881b51c0ae3188d8e15d510b45ac33cd15b51442386d5ed8980319fe86a43026b6441830', 13912511),
	(100, 'sessions and keys', '2026-11-27 06:03:13.397724+00', true, '\x304814125c1efc5a8c98f4ac05c851bc1b093626be7f1a9c13d060f6e0b7ea01bfce46456912b4dd4c59c1711383a13e', 1313414),
	(120, 'accounts', '2026-11-27 06:03:13.399205+00', true, '\xc9a6d3e69d03e01a7bd5efe39f09d92c52b9cc4642d6f8cf7b846f1292d3fa94cea6c6ac9ac696d5bb6d21f55119d7b5', 6566499),
	(140, 'api tokens', '2026-11-27 06:03:13.405994+00', true, '\xd9a344c881d2ff29de99f9ca4c1ed0ee7f28e3e10c1951ea1037615d2c670ecb1aeae87841633763d571b2e26d6cfde7', 2337079),
	(150, 'idempotency keys', '2026-11-27 06:03:13.408557+00', true, '\x5258fc91e00a33dc6b27890ce01960a3f5f97ed2a35d4b6d8874646a483531021da590730bb59cbfbe72876653fc498c', 1451909),
	(170, 'login limits', '2026-11-27 06:03:13.410215+00', true, '\x904fbf317d2e69330f465b4b25c327c9d8b8b4463c1f459e0b5ba1df11176986e9a17ffedfefa94e659d68ac4138be60', 1885911),
	(171, 'audit records', '2026-11-27 06:03:13.412272+00', true, '\x4588e82eb5ecf34407d68605f7020f22915615502be0648e5c85202a1d7011a281076b7ff43b5d0ed847bfbee515e9e9', 6836959),
	(210, 'single sign on', '2026-11-27 06:03:13.419264+00', true, '\x68e93cb0987008eeff9a682a12e9051ca32d223b521250a5056ab6ddf85e9636d37148170ff3826c38e7e86ceb9f6ca5', 2528973),
	(301, 'oldest program', '2026-11-27 06:03:13.421979+00', true, '\x1c892d37a64b5b24e28071b0d2818d5b314e203ecc2a753aa4a3d0ca05edcc505bdd464527ee3dbd71ed50bfa7df2db8', 385881),
	(760, 'people by name', '2026-11-27 06:03:13.422997+00', true, '\xf0bb7660bd2b81ef75a8790f956ca2596af8e56c96273747e95a9f36415951dc2e358aae1faef28c6f0a5c7a502193cd', 619928);


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: password_reset_requests; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.people VALUES
	('01a21b99-cfde-7668-bcea-e663306723b0', 'ann@example.org', 'ann@example.org', 'ann@example.org', 'worker', true, NULL, '$argon2id$v=19$m=19456,t=2,p=1$+V4aSPHehZSlgCSHNkTrTA$rbQKVsSNyvlHmZiAO/aKVtleDYJMjVvGNnx7iTEnzZI', 1, 1, NULL, '2026-11-27 06:03:14.782761+00', NULL),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', 'ben@example.org', 'ben@example.org', 'ben@example.org', 'worker', true, NULL, '$argon2id$v=19$m=19456,t=2,p=1$tNB4ptz2CZ9Awy+9oVgUtQ$ww9oBahQSuQ1qmLtBv/XhNLIqnYkVcgolu4F3mU1aNs', 1, 1, NULL, '2026-11-27 06:03:15.383701+00', NULL),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', 'anna@example.org', 'anna@example.org', 'anna@example.org', 'accountant', true, NULL, '$argon2id$v=19$m=19456,t=2,p=1$/UQHs5kc5gLkgPpOYqKaJg$1cRVdfT0VznVvgdvmWFFZIUIHIkYzY52AlWpL64URg0', 1, 1, NULL, '2026-11-27 06:03:16.269687+00', NULL),
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', 'max@example.org', 'max@example.org', 'max@example.org', 'manager', true, NULL, '$argon2id$v=19$m=19456,t=2,p=1$eeRiVOJUOcksQOBMqX539A$TYNODAl/MtajGsiN8INqL5WeeizBIO0oqMX6hCvnFa8', 1, 1, NULL, '2026-11-27 06:03:16.865298+00', NULL);


--
-- Data for Name: refresh_tokens; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.refresh_tokens VALUES
	('\x555c00e8cf81372cf84bf4c3f66a7359bfb33af2c352cefc5e536c41f3873b3d', '01a21b99-de06-7113-b1fa-6b84b4d18fe1', '2026-11-27 06:03:18.40629+00', '2026-12-11 06:03:18.40629+00', NULL, NULL),
	('\xcdcd3bb1fa5bef6241c560173b85e0e4117015434e59bf7179d8e3f4518b2336', '01a21b99-dffe-75a1-bd8c-4402583f87df', '2026-11-27 06:03:18.910879+00', '2026-12-11 06:03:18.910879+00', NULL, NULL),
	('\x7a4b4680f21f22342713873c227a048cdd41ce70aaa2520af551ccd3011b1e70', '01a21b99-e062-7362-835a-578d3d3e2f88', '2026-11-27 06:03:19.010888+00', '2026-12-11 06:03:19.010888+00', NULL, NULL),
	('\x55712befcf7906c2ce49684bf0e5a0454c3d18ee1504b2088030ab3040dc090f', '01a21b99-e097-7427-85f2-076cf213f546', '2026-11-27 06:03:19.063438+00', '2026-12-11 06:03:19.063438+00', NULL, NULL);


--
-- Data for Name: sessions; Type: TABLE DATA; Schema: identity; Owner: -
--

INSERT INTO identity.sessions VALUES
	('01a21b99-de06-7113-b1fa-6b84b4d18fe1', '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:18.40629+00', '2026-12-11 06:03:18.40629+00', NULL, '2026-11-27 06:03:18.40629+00', 'bearer', 'password', NULL, '127.0.0.1'),
	('01a21b99-dffe-75a1-bd8c-4402583f87df', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:18.910879+00', '2026-12-11 06:03:18.910879+00', NULL, '2026-11-27 06:03:18.910879+00', 'bearer', 'password', NULL, '127.0.0.1'),
	('01a21b99-e062-7362-835a-578d3d3e2f88', '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.010888+00', '2026-12-11 06:03:19.010888+00', NULL, '2026-11-27 06:03:19.010888+00', 'bearer', 'password', NULL, '127.0.0.1'),
	('01a21b99-e097-7427-85f2-076cf213f546', '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.063438+00', '2026-12-11 06:03:19.063438+00', NULL, '2026-11-27 06:03:19.063438+00', 'bearer', 'password', NULL, '127.0.0.1');


--
-- Data for Name: sso_subjects; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: sso_used_states; Type: TABLE DATA; Schema: identity; Owner: -
--



--
-- Data for Name: assignments; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.assignments VALUES
	(1, 1, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.072398+00', 3, -7518602519972519880, 0, NULL),
	(2, 1, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.095503+00', 3, 8182880009034855511, 0, NULL),
	(3, 1, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.101548+00', 3, -7705580600998023872, 0, NULL),
	(4, 1, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.105177+00', 3, 5330847377828969598, 0, NULL),
	(5, 1, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.115729+00', 3, -4712108554853592565, 0, NULL),
	(6, 1, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.119526+00', 3, 1079606617863585436, 0, NULL),
	(1, 2, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 0, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(2, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 1, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(3, 2, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 2, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(4, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 3, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(5, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 4, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(6, 2, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.155955+00', 3, -8208444873072025144, 5, '01a21b99-e0e6-70e4-b78e-d25a952d14a6'),
	(11, 1, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.445784+00', 3, 9059388177923922423, 0, NULL),
	(12, 1, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.475345+00', 3, 6580833024513766989, 0, NULL),
	(13, 1, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.48173+00', 3, 3435768806936821089, 0, NULL),
	(14, 1, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.547362+00', 3, 8037996483860167432, 0, NULL),
	(15, 1, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.556058+00', 3, -5660684262712670236, 0, NULL),
	(16, 1, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.562949+00', 3, 5641292996955869634, 0, NULL),
	(4, 3, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 0, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(5, 3, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 1, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(6, 3, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 2, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(11, 2, '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 3, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(12, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 4, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(13, 2, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 5, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(14, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 6, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(15, 2, '01a21b99-d5ad-7451-b560-4a97fe40b215', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 7, '01a21b99-e28e-7745-8989-dc7505cc2d3c'),
	(16, 2, '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27 06:03:19.593733+00', 3, 3404634516931078870, 8, '01a21b99-e28e-7745-8989-dc7505cc2d3c');


--
-- Data for Name: completed_tasks; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.completed_tasks VALUES
	(1, 8, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 2, '2026-11-27 06:03:19.293555+00'),
	(2, 9, '01a21b99-cfde-7668-bcea-e663306723b0', 2, '2026-11-27 06:03:19.303197+00'),
	(3, 10, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 2, '2026-11-27 06:03:19.31523+00'),
	(4, 18, '01a21b99-cfde-7668-bcea-e663306723b0', 3, '2026-11-27 06:03:19.932517+00'),
	(5, 19, '01a21b99-cfde-7668-bcea-e663306723b0', 3, '2026-11-27 06:03:19.936126+00'),
	(6, 20, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 3, '2026-11-27 06:03:19.938274+00');


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: tasks; Owner: -
--



--
-- Data for Name: inbox; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.inbox VALUES
	('01a21b99-cfdf-749a-b731-7413663f1815', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:14.795011+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d238-7a49-abbc-0604bf4a60f3', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:15.443943+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d5b1-78c5-b207-10c8cd7c2456', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.301795+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d802-75ff-bf47-eab36ae73fe2', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.887297+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0b7-7b58-a306-9a075ba4bc3e', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.121314+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0da-7506-b913-0d51bc212386', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.14676+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e226-7648-89ac-97a371476a2a', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.470588+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e238-776b-9f52-b748c8a01753', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.49327+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e280-7188-8a85-66233ab5175b', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.561026+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e296-71da-af0a-cd679b6f658d', 'piecework.accounting.priced.v1', 'applied', '2026-11-27 06:03:19.58604+00', 0, NULL, NULL, NULL, NULL);


--
-- Data for Name: migrations; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.migrations VALUES
	(1, 'tasks', '2026-11-27 06:03:13.440951+00', true, '\x1fbbac37374d930e07c5faa4561d5e889aecb7843ac940099e282d4c88e3c06a637fda35d87336e92845bcaede8400e2', 98530751),
	(2, 'small events stay in their rows', '2026-11-27 06:03:13.540394+00', true, '\x014be42cebdf93189190718e14c50932c3927a4c39aee72a904828ad813cdb3df5bacb25a7d1723c22e514ff3e71e262', 1271251),
	(3, 'one statement a creation', '2026-11-27 06:03:13.542069+00', true, '\x0221450ba438f7b1088802acea0886b9d19cacc1c8fcbe4b0bdee7a63fda5d082676dc792bd5f677ae9e45fc42cad279', 4882786),
	(4, 'titles in one spelling', '2026-11-27 06:03:13.546866+00', true, '\x8d170d0aea126282e73bfb482d93132382a9778ec2dfcf080d176c1dcf1237cabc6dab6582d51022e92ebcb1ee4235e8', 666256),
	(150, 'idempotency keys', '2026-11-27 06:03:13.549331+00', true, '\x281f6612ec267e1c989235f55745c5857149eb1ed2fd65b76983ec116a4e3c11647895d0ee49990b7c68ed76b0903a73', 1610954),
	(190, 'latest completions', '2026-11-27 06:03:13.551079+00', true, '\x00cbee727b20cac48d037cfa92215f5f88c1c05017b3668cc2cce9d0f8ff225c00a993bef777fbf45cd8cdc8db5864f9', 554220),
	(200, 'live reports', '2026-11-27 06:03:13.551816+00', true, '\x6415797c599ad0f4aebf1d1587cff85ef615924520fbb549911c159ec1842e6e337a7cc7eb552b38ee2487103983e853', 900543),
	(220, 'costs of reassignments', '2026-11-27 06:03:13.552848+00', true, '\xd96b2c0ac61f10d5286ae655f1be8c3d39e45631e6782c4af5711daaf5a5ed9a7dfb42c40505ea86824cb10b03a930ed', 3052338),
	(301, 'oldest program', '2026-11-27 06:03:13.556097+00', true, '\xdd7eb33fcacece7e8380598a899ce1211167b56b59c40395f8af3b871bdbece28cb3b773b8c43bc669db00ec1d324ba2', 454322),
	(760, 'trace of a reassignment', '2026-11-27 06:03:13.55658+00', true, '\x0ae7669fb6608eaf5d8ae4caaab31e57f2b61b628cb002b7e21d7b2a2830c52f08dc7fb9514b8cd6da48545958107047', 360293);


--
-- Data for Name: open_tasks; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.open_tasks VALUES
	(11, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 2),
	(12, '01a21b99-cfde-7668-bcea-e663306723b0', 2),
	(13, '01a21b99-d5ad-7451-b560-4a97fe40b215', 2),
	(14, '01a21b99-cfde-7668-bcea-e663306723b0', 2),
	(15, '01a21b99-d5ad-7451-b560-4a97fe40b215', 2),
	(16, '01a21b99-cfde-7668-bcea-e663306723b0', 2);


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: tasks; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.people VALUES
	('01a21b99-cfde-7668-bcea-e663306723b0', 1, 'ann@example.org', 'ann@example.org', true),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', 1, 'ben@example.org', 'ben@example.org', true),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', 1, 'anna@example.org', 'anna@example.org', true),
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', 1, 'max@example.org', 'max@example.org', false);


--
-- Data for Name: pools; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.pools OVERRIDING SYSTEM VALUE VALUES
	(1, '{01a21b99-cfde-7668-bcea-e663306723b0}', '2026-11-27 06:03:14.802804+00'),
	(2, '{01a21b99-cfde-7668-bcea-e663306723b0,01a21b99-d237-783d-afdb-99bbe68a9fa5}', '2026-11-27 06:03:15.451963+00'),
	(3, '{01a21b99-cfde-7668-bcea-e663306723b0,01a21b99-d237-783d-afdb-99bbe68a9fa5,01a21b99-d5ad-7451-b560-4a97fe40b215}', '2026-11-27 06:03:16.308558+00');


--
-- Data for Name: prices; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.prices VALUES
	(1, 200, 2900, 'USD'),
	(2, 300, 3000, 'USD'),
	(3, 200, 3600, 'USD'),
	(4, 300, 3300, 'USD'),
	(5, 200, 2600, 'USD'),
	(6, 300, 3400, 'USD'),
	(11, 100, 3000, 'USD'),
	(12, 100, 3700, 'USD'),
	(13, 300, 3700, 'USD'),
	(14, 300, 2700, 'USD'),
	(15, 200, 2600, 'USD'),
	(16, 300, 3300, 'USD');


--
-- Data for Name: reassignments; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.reassignments VALUES
	('01a21b99-e0e6-70e4-b78e-d25a952d14a6', 7, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.143693+00', 'completed', 6, 6, 6, 6, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.197439+00', NULL, 1500, '00-d1778a739f23401bd090c65159fd309b-ff3a3c4c805def11-00'),
	('01a21b99-e28e-7745-8989-dc7505cc2d3c', 17, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.566951+00', 'completed', 9, 9, 9, 16, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.763399+00', NULL, 2100, '00-3062ce5de8845b3d23ca9f04938f8e13-2cd0a7e28c69b64b-00');


--
-- Data for Name: tasks; Type: TABLE DATA; Schema: tasks; Owner: -
--

INSERT INTO tasks.tasks VALUES
	(1, '01a21b99-e0a0-718c-ae32-c2edb66e9ef9', 'Count the chairs', 'OPS-0', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.072398+00', NULL),
	(2, '01a21b99-e0b7-7194-8086-d60e11d2834d', 'Count the chairs', 'OPS-1', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.095503+00', NULL),
	(3, '01a21b99-e0bd-7232-9a36-e773b9c19075', 'Count the chairs', 'OPS-2', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.101548+00', NULL),
	(4, '01a21b99-e0c1-794a-abe8-3b718b2199c7', 'Count the chairs', 'OPS-3', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.105177+00', NULL),
	(5, '01a21b99-e0cb-791c-b662-dd2e85cdbd72', 'Count the chairs', 'OPS-4', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.115729+00', NULL),
	(6, '01a21b99-e0cf-718c-83e4-16acae0b0c03', 'Count the chairs', 'OPS-5', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.119526+00', NULL),
	(11, '01a21b99-e215-7738-bfc0-4144faf00b82', 'Count the chairs', 'OPS-0', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.445784+00', NULL),
	(12, '01a21b99-e233-7345-9b9f-254bee1c6a1a', 'Count the chairs', 'OPS-1', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.475345+00', NULL),
	(13, '01a21b99-e239-79de-bdf4-a34f2249256d', 'Count the chairs', 'OPS-2', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.48173+00', NULL),
	(14, '01a21b99-e27b-7765-9837-f73af965856d', 'Count the chairs', 'OPS-3', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.547362+00', NULL),
	(15, '01a21b99-e284-7b44-963e-8c4f80bd10bd', 'Count the chairs', 'OPS-4', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.556058+00', NULL),
	(16, '01a21b99-e28a-7cd3-8396-0145d72292e7', 'Count the chairs', 'OPS-5', NULL, NULL, '01a21b99-d801-7b7a-a434-4c4f1d39f1ec', '2026-11-27 06:03:19.562949+00', NULL);


--
-- Name: outbox_position_seq; Type: SEQUENCE SET; Schema: identity; Owner: -
--

SELECT pg_catalog.setval('identity.outbox_position_seq', 13, true);


--
-- Name: event_order; Type: SEQUENCE SET; Schema: tasks; Owner: -
--

SELECT pg_catalog.setval('tasks.event_order', 20, true);


--
-- Name: outbox_position_seq; Type: SEQUENCE SET; Schema: tasks; Owner: -
--

SELECT pg_catalog.setval('tasks.outbox_position_seq', 22, true);


--
-- Name: pools_pool_id_seq; Type: SEQUENCE SET; Schema: tasks; Owner: -
--

SELECT pg_catalog.setval('tasks.pools_pool_id_seq', 3, true);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: apalis; Owner: -
--

ALTER TABLE ONLY apalis._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: jobs jobs_pkey; Type: CONSTRAINT; Schema: apalis; Owner: -
--

ALTER TABLE ONLY apalis.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);


--
-- Name: workers workers_pkey; Type: CONSTRAINT; Schema: apalis; Owner: -
--

ALTER TABLE ONLY apalis.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);


--
-- Name: api_tokens api_tokens_hash_unique; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_hash_unique UNIQUE (token_hash);


--
-- Name: api_tokens api_tokens_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);


--
-- Name: audit_records audit_records_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.audit_records
    ADD CONSTRAINT audit_records_pkey PRIMARY KEY (event_id);


--
-- Name: familiar_addresses familiar_addresses_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.familiar_addresses
    ADD CONSTRAINT familiar_addresses_pkey PRIMARY KEY (person_id, address);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key_hash);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (event_id);


--
-- Name: link_mails link_mails_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.link_mails
    ADD CONSTRAINT link_mails_pkey PRIMARY KEY (link_hash);


--
-- Name: links links_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (token_hash);


--
-- Name: login_attempts login_attempts_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.login_attempts
    ADD CONSTRAINT login_attempts_pkey PRIMARY KEY (bucket);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY ("position");


--
-- Name: password_reset_requests password_reset_requests_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.password_reset_requests
    ADD CONSTRAINT password_reset_requests_pkey PRIMARY KEY (email_key);


--
-- Name: people people_email_unique; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.people
    ADD CONSTRAINT people_email_unique UNIQUE (email_key);


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);


--
-- Name: refresh_tokens refresh_tokens_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);


--
-- Name: signing_keys signing_keys_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);


--
-- Name: sso_subjects sso_subjects_person_once; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sso_subjects
    ADD CONSTRAINT sso_subjects_person_once UNIQUE (person_id, issuer);


--
-- Name: sso_subjects sso_subjects_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sso_subjects
    ADD CONSTRAINT sso_subjects_pkey PRIMARY KEY (issuer, subject);


--
-- Name: sso_used_states sso_used_states_pkey; Type: CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sso_used_states
    ADD CONSTRAINT sso_used_states_pkey PRIMARY KEY (state_hash);


--
-- Name: assignments assignments_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.assignments
    ADD CONSTRAINT assignments_pkey PRIMARY KEY (number, assignment);


--
-- Name: completed_tasks completed_tasks_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.completed_tasks
    ADD CONSTRAINT completed_tasks_pkey PRIMARY KEY (number);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key_hash);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (event_id);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);


--
-- Name: open_tasks open_tasks_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.open_tasks
    ADD CONSTRAINT open_tasks_pkey PRIMARY KEY (number);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY ("position");


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (person_id);


--
-- Name: pools pools_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.pools
    ADD CONSTRAINT pools_pkey PRIMARY KEY (pool_id);


--
-- Name: prices prices_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (number);


--
-- Name: reassignments reassignments_order_unique; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.reassignments
    ADD CONSTRAINT reassignments_order_unique UNIQUE (asked_order);


--
-- Name: reassignments reassignments_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.reassignments
    ADD CONSTRAINT reassignments_pkey PRIMARY KEY (reassignment_id);


--
-- Name: tasks tasks_import_key_unique; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.tasks
    ADD CONSTRAINT tasks_import_key_unique UNIQUE (import_key);


--
-- Name: tasks tasks_pkey; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (number);


--
-- Name: tasks tasks_task_id_unique; Type: CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.tasks
    ADD CONSTRAINT tasks_task_id_unique UNIQUE (task_id);


--
-- Name: idx_apalis_jobs_fetch_partial; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX idx_apalis_jobs_fetch_partial ON apalis.jobs USING btree (job_type, priority DESC, run_at) WHERE ((status = 'Pending'::text) OR ((status = 'Failed'::text) AND (attempts < max_attempts)));


--
-- Name: idx_apalis_jobs_lock_by; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX idx_apalis_jobs_lock_by ON apalis.jobs USING btree (lock_by);


--
-- Name: idx_apalis_workers_last_seen; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX idx_apalis_workers_last_seen ON apalis.workers USING btree (last_seen);


--
-- Name: idx_apalis_workers_worker_type; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX idx_apalis_workers_worker_type ON apalis.workers USING btree (worker_type);


--
-- Name: idx_jobs_idempotency_key; Type: INDEX; Schema: apalis; Owner: -
--

CREATE UNIQUE INDEX idx_jobs_idempotency_key ON apalis.jobs USING btree (job_type, idempotency_key);


--
-- Name: lidx; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX lidx ON apalis.jobs USING btree (lock_by);


--
-- Name: lsidx; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX lsidx ON apalis.workers USING btree (last_seen);


--
-- Name: unique_job_id; Type: INDEX; Schema: apalis; Owner: -
--

CREATE UNIQUE INDEX unique_job_id ON apalis.jobs USING btree (id);


--
-- Name: unique_worker_id; Type: INDEX; Schema: apalis; Owner: -
--

CREATE UNIQUE INDEX unique_worker_id ON apalis.workers USING btree (id);


--
-- Name: wtidx; Type: INDEX; Schema: apalis; Owner: -
--

CREATE INDEX wtidx ON apalis.workers USING btree (worker_type);


--
-- Name: api_tokens_expiry; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX api_tokens_expiry ON identity.api_tokens USING btree (expires_at);


--
-- Name: api_tokens_of_person; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX api_tokens_of_person ON identity.api_tokens USING btree (person_id, id) WHERE (revoked_at IS NULL);


--
-- Name: api_tokens_revoked; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX api_tokens_revoked ON identity.api_tokens USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);


--
-- Name: audit_records_from_address; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX audit_records_from_address ON identity.audit_records USING btree (address, event_id) WHERE (address IS NOT NULL);


--
-- Name: audit_records_of_action; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX audit_records_of_action ON identity.audit_records USING btree (action, event_id);


--
-- Name: audit_records_of_actor; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX audit_records_of_actor ON identity.audit_records USING btree (actor, event_id);


--
-- Name: audit_records_of_subject; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX audit_records_of_subject ON identity.audit_records USING btree (subject, event_id) WHERE (subject IS NOT NULL);


--
-- Name: familiar_addresses_last_login; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX familiar_addresses_last_login ON identity.familiar_addresses USING btree (last_login_at);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX idempotency_keys_age ON identity.idempotency_keys USING btree (created_at);


--
-- Name: inbox_due; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX inbox_due ON identity.inbox USING btree (next_attempt_at) WHERE (state = 'retry'::text);


--
-- Name: inbox_parked; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX inbox_parked ON identity.inbox USING btree (event_id) WHERE (state = 'parked'::text);


--
-- Name: link_mails_age; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX link_mails_age ON identity.link_mails USING btree (mailed_at);


--
-- Name: link_mails_of_person; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX link_mails_of_person ON identity.link_mails USING btree (person_id, mailed_at);


--
-- Name: links_expiry; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX links_expiry ON identity.links USING btree (expires_at);


--
-- Name: links_of_person; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX links_of_person ON identity.links USING btree (person_id) WHERE (used_at IS NULL);


--
-- Name: login_attempts_full_at; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX login_attempts_full_at ON identity.login_attempts USING btree (full_at);


--
-- Name: password_reset_requests_age; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX password_reset_requests_age ON identity.password_reset_requests USING btree (requested_at);


--
-- Name: people_access_changed; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX people_access_changed ON identity.people USING btree (access_changed_at) WHERE (access_changed_at IS NOT NULL);


--
-- Name: people_active_admins; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX people_active_admins ON identity.people USING btree (id) WHERE ((role = 'admin'::text) AND active);


--
-- Name: people_by_name; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX people_by_name ON identity.people USING btree (lower(name), id);


--
-- Name: refresh_tokens_expiry; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX refresh_tokens_expiry ON identity.refresh_tokens USING btree (expires_at);


--
-- Name: refresh_tokens_of_session; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX refresh_tokens_of_session ON identity.refresh_tokens USING btree (session_id);


--
-- Name: sessions_expiry; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX sessions_expiry ON identity.sessions USING btree (expires_at);


--
-- Name: sessions_of_person; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX sessions_of_person ON identity.sessions USING btree (person_id) WHERE (revoked_at IS NULL);


--
-- Name: sessions_revoked; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX sessions_revoked ON identity.sessions USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);


--
-- Name: sso_used_states_expiry; Type: INDEX; Schema: identity; Owner: -
--

CREATE INDEX sso_used_states_expiry ON identity.sso_used_states USING btree (expires_at);


--
-- Name: completed_tasks_by_person; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX completed_tasks_by_person ON tasks.completed_tasks USING btree (completed_by, number);


--
-- Name: completed_tasks_by_time; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX completed_tasks_by_time ON tasks.completed_tasks USING btree (completed_at, number);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX idempotency_keys_age ON tasks.idempotency_keys USING btree (created_at);


--
-- Name: inbox_due; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX inbox_due ON tasks.inbox USING btree (next_attempt_at) WHERE (state = 'retry'::text);


--
-- Name: inbox_parked; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX inbox_parked ON tasks.inbox USING btree (event_id) WHERE (state = 'parked'::text);


--
-- Name: open_tasks_by_assignee; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX open_tasks_by_assignee ON tasks.open_tasks USING btree (assignee_id, number);


--
-- Name: people_by_email; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX people_by_email ON tasks.people USING btree (lower(email));


--
-- Name: reassignments_unfinished; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX reassignments_unfinished ON tasks.reassignments USING btree (asked_order) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text, 'blocked'::text]));


--
-- Name: tasks_searched; Type: INDEX; Schema: tasks; Owner: -
--

CREATE INDEX tasks_searched ON tasks.tasks USING gin (lower(((title || ' '::text) || COALESCE(reference, ''::text))) public.gin_trgm_ops);


--
-- Name: jobs notify_workers; Type: TRIGGER; Schema: apalis; Owner: -
--

CREATE TRIGGER notify_workers AFTER INSERT ON apalis.jobs FOR EACH ROW EXECUTE FUNCTION apalis.notify_new_jobs();


--
-- Name: audit_records audit_records_append_only; Type: TRIGGER; Schema: identity; Owner: -
--

CREATE TRIGGER audit_records_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON identity.audit_records FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();


--
-- Name: jobs fk_worker_lock_by; Type: FK CONSTRAINT; Schema: apalis; Owner: -
--

ALTER TABLE ONLY apalis.jobs
    ADD CONSTRAINT fk_worker_lock_by FOREIGN KEY (lock_by) REFERENCES apalis.workers(id);


--
-- Name: api_tokens api_tokens_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: familiar_addresses familiar_addresses_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.familiar_addresses
    ADD CONSTRAINT familiar_addresses_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: link_mails link_mails_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.link_mails
    ADD CONSTRAINT link_mails_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: links links_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.links
    ADD CONSTRAINT links_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: refresh_tokens refresh_tokens_session; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES identity.sessions(id) ON DELETE CASCADE;


--
-- Name: sessions sessions_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: sso_subjects sso_subjects_person; Type: FK CONSTRAINT; Schema: identity; Owner: -
--

ALTER TABLE ONLY identity.sso_subjects
    ADD CONSTRAINT sso_subjects_person FOREIGN KEY (person_id) REFERENCES identity.people(id);


--
-- Name: assignments assignments_number_fkey; Type: FK CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.assignments
    ADD CONSTRAINT assignments_number_fkey FOREIGN KEY (number) REFERENCES tasks.tasks(number);


--
-- Name: completed_tasks completed_tasks_number_fkey; Type: FK CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.completed_tasks
    ADD CONSTRAINT completed_tasks_number_fkey FOREIGN KEY (number) REFERENCES tasks.tasks(number);


--
-- Name: open_tasks open_tasks_number_fkey; Type: FK CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.open_tasks
    ADD CONSTRAINT open_tasks_number_fkey FOREIGN KEY (number) REFERENCES tasks.tasks(number);


--
-- Name: prices prices_number_fkey; Type: FK CONSTRAINT; Schema: tasks; Owner: -
--

ALTER TABLE ONLY tasks.prices
    ADD CONSTRAINT prices_number_fkey FOREIGN KEY (number) REFERENCES tasks.tasks(number);


--
-- PostgreSQL database dump complete
--


