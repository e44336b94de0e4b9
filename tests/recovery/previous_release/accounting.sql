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
-- Name: accounting; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA accounting;


--
-- Name: accounting_report; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA accounting_report;


--
-- Name: apalis; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA apalis;


--
-- Name: email; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA email;


--
-- Name: hstore; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;


--
-- Name: pgcrypto; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;


--
-- Name: oldest_program(); Type: FUNCTION; Schema: accounting; Owner: -
--

CREATE FUNCTION accounting.oldest_program() RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ select '0.1.0' $$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: accounting; Owner: -
--

CREATE FUNCTION accounting.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the ledger is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name;
end
$$;


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
-- Name: oldest_program(); Type: FUNCTION; Schema: email; Owner: -
--

CREATE FUNCTION email.oldest_program() RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ select '0.1.0' $$;


--
-- Name: day_seals; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.day_seals (
    business_day date NOT NULL,
    transfers bigint NOT NULL,
    wallets_change_minor bigint NOT NULL,
    earned_minor bigint NOT NULL,
    payouts bigint NOT NULL,
    paid_minor bigint NOT NULL,
    digest bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    CONSTRAINT day_seals_digest_length CHECK ((octet_length(digest) = 32))
);


--
-- Name: day_totals; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.day_totals (
    business_day date NOT NULL,
    stripe smallint NOT NULL,
    fees_minor bigint DEFAULT 0 NOT NULL,
    rewards_minor bigint DEFAULT 0 NOT NULL,
    reversed_fees_minor bigint DEFAULT 0 NOT NULL,
    reversed_rewards_minor bigint DEFAULT 0 NOT NULL,
    wallets_below_zero_change bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');


--
-- Name: days; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.days (
    business_day date NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by uuid,
    payouts bigint,
    paid_minor bigint,
    wallets_below_zero bigint,
    earned_minor bigint
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.idempotency_keys (
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
-- Name: inbox; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.inbox (
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
-- Name: migrations; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: outbox; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.outbox (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    weight integer NOT NULL,
    event json NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: outbox_position_seq; Type: SEQUENCE; Schema: accounting; Owner: -
--

ALTER TABLE accounting.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME accounting.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: people; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.people (
    person_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL
);


--
-- Name: prices; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.prices (
    task_id uuid NOT NULL,
    title text,
    reference text,
    fee_minor bigint NOT NULL,
    reward_minor bigint NOT NULL,
    policy_version integer NOT NULL,
    priced_at timestamp with time zone NOT NULL,
    CONSTRAINT prices_fee_positive CHECK ((fee_minor > 0)),
    CONSTRAINT prices_reward_positive CHECK ((reward_minor > 0))
);


--
-- Name: pricing_policies; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.pricing_policies (
    version integer NOT NULL,
    fee_min_minor bigint NOT NULL,
    fee_max_minor bigint NOT NULL,
    reward_min_minor bigint NOT NULL,
    reward_max_minor bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT pricing_policies_ranges CHECK (((0 < fee_min_minor) AND (fee_min_minor <= fee_max_minor) AND (0 < reward_min_minor) AND (reward_min_minor <= reward_max_minor)))
);


--
-- Name: pricing_policies_version_seq; Type: SEQUENCE; Schema: accounting; Owner: -
--

ALTER TABLE accounting.pricing_policies ALTER COLUMN version ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME accounting.pricing_policies_version_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: settings; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.settings (
    singleton boolean DEFAULT true NOT NULL,
    currency text NOT NULL,
    currency_exponent smallint NOT NULL,
    time_zone text NOT NULL,
    price_seed bigint,
    CONSTRAINT settings_one_row CHECK (singleton)
);


--
-- Name: transfers; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.transfers (
    transfer_id uuid NOT NULL,
    business_key text NOT NULL,
    kind text NOT NULL,
    debit_account uuid NOT NULL,
    credit_account uuid NOT NULL,
    amount_minor bigint NOT NULL,
    person_id uuid NOT NULL,
    line bigint NOT NULL,
    balance_after_minor bigint NOT NULL,
    task_id uuid,
    reverses uuid,
    reason text,
    posted_by uuid,
    occurred_at timestamp with time zone NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    business_day date NOT NULL,
    CONSTRAINT transfers_amount_positive CHECK ((amount_minor > 0)),
    CONSTRAINT transfers_correction_explained CHECK (((kind = 'correction'::text) = ((reverses IS NOT NULL) AND (reason IS NOT NULL)))),
    CONSTRAINT transfers_kind_known CHECK ((kind = ANY (ARRAY['assignment_fee'::text, 'completion_reward'::text, 'payout'::text, 'correction'::text]))),
    CONSTRAINT transfers_of_a_wallet CHECK (((person_id = debit_account) OR (person_id = credit_account))),
    CONSTRAINT transfers_two_accounts CHECK ((debit_account <> credit_account))
);


--
-- Name: wallets; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.wallets (
    person_id uuid NOT NULL,
    balance_minor bigint DEFAULT 0 NOT NULL,
    lines bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');


--
-- Name: shown_wallets; Type: VIEW; Schema: accounting; Owner: -
--

CREATE VIEW accounting.shown_wallets AS
 SELECT wallet.person_id,
    person.name,
    wallet.balance_minor,
    (wallet.balance_minor - COALESCE(before.balance_after_minor, (0)::bigint)) AS today_minor
   FROM ((accounting.wallets wallet
     LEFT JOIN accounting.people person ON ((person.person_id = wallet.person_id)))
     LEFT JOIN LATERAL ( SELECT transfers.balance_after_minor
           FROM accounting.transfers
          WHERE ((transfers.person_id = wallet.person_id) AND (transfers.business_day < ( SELECT days.business_day
                   FROM accounting.days
                  WHERE (days.closed_at IS NULL))))
          ORDER BY transfers.business_day DESC, transfers.line DESC
         LIMIT 1) before ON (true));


--
-- Name: top_tasks; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.top_tasks (
    completed_on date NOT NULL,
    task_id uuid NOT NULL,
    reward_minor bigint NOT NULL,
    completed_at timestamp with time zone NOT NULL,
    completed_by uuid NOT NULL
);


--
-- Name: withdrawals; Type: TABLE; Schema: accounting; Owner: -
--

CREATE TABLE accounting.withdrawals (
    transfer_id uuid NOT NULL,
    withdrawn_at timestamp with time zone NOT NULL
);


--
-- Name: day_figures; Type: VIEW; Schema: accounting_report; Owner: -
--

CREATE VIEW accounting_report.day_figures AS
 SELECT day.business_day,
    (day.closed_at IS NOT NULL) AS is_closed,
    COALESCE(total.fees_minor, (0)::bigint) AS fees_minor,
    COALESCE(total.rewards_minor, (0)::bigint) AS rewards_minor,
    COALESCE(total.reversed_fees_minor, (0)::bigint) AS reversed_fees_minor,
    COALESCE(total.reversed_rewards_minor, (0)::bigint) AS reversed_rewards_minor,
    COALESCE((((total.fees_minor - total.rewards_minor) - total.reversed_fees_minor) + total.reversed_rewards_minor), (0)::bigint) AS earned_minor,
    day.wallets_below_zero
   FROM (accounting.days day
     LEFT JOIN LATERAL ( SELECT (sum(day_totals.fees_minor))::bigint AS fees_minor,
            (sum(day_totals.rewards_minor))::bigint AS rewards_minor,
            (sum(day_totals.reversed_fees_minor))::bigint AS reversed_fees_minor,
            (sum(day_totals.reversed_rewards_minor))::bigint AS reversed_rewards_minor
           FROM accounting.day_totals
          WHERE (day_totals.business_day = day.business_day)) total ON (true));


--
-- Name: settings; Type: VIEW; Schema: accounting_report; Owner: -
--

CREATE VIEW accounting_report.settings AS
 SELECT settings.currency,
    settings.time_zone
   FROM accounting.settings;


--
-- Name: top_task_per_day; Type: VIEW; Schema: accounting_report; Owner: -
--

CREATE VIEW accounting_report.top_task_per_day AS
 SELECT top.completed_on,
    top.task_id,
    price.title,
    price.reference,
    top.reward_minor,
    top.completed_at,
    top.completed_by
   FROM (accounting.top_tasks top
     JOIN accounting.prices price ON ((price.task_id = top.task_id)));


--
-- Name: wallet_lines; Type: VIEW; Schema: accounting_report; Owner: -
--

CREATE VIEW accounting_report.wallet_lines AS
 SELECT wallets.person_id,
    wallets.lines
   FROM accounting.wallets;


--
-- Name: wallets_below_zero; Type: VIEW; Schema: accounting_report; Owner: -
--

CREATE VIEW accounting_report.wallets_below_zero AS
 SELECT (((COALESCE(( SELECT days.wallets_below_zero
           FROM accounting.days
          WHERE (days.closed_at IS NOT NULL)
          ORDER BY days.business_day DESC
         LIMIT 1), (0)::bigint))::numeric + COALESCE(( SELECT sum(total.wallets_below_zero_change) AS sum
           FROM (accounting.day_totals total
             JOIN accounting.days day ON ((day.business_day = total.business_day)))
          WHERE (day.closed_at IS NULL)), (0)::numeric)))::bigint AS wallets;


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
-- Name: idempotency_keys; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.idempotency_keys (
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
-- Name: inbox; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.inbox (
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
-- Name: mails; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.mails (
    id uuid NOT NULL,
    kind text NOT NULL,
    person_id uuid NOT NULL,
    business_day date NOT NULL,
    event_id uuid NOT NULL,
    data json NOT NULL,
    message_id text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    last_error text,
    to_address text,
    message bytea,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone,
    unknown_outcomes integer DEFAULT 0 NOT NULL,
    recipient_address text,
    traceparent text,
    text_deleted_at timestamp with time zone,
    CONSTRAINT mails_attempts_counted CHECK ((attempts >= 0)),
    CONSTRAINT mails_built_whole CHECK (((message IS NULL) OR (to_address IS NOT NULL))),
    CONSTRAINT mails_kind_known CHECK ((kind = ANY (ARRAY['payout_statement'::text, 'address_changed'::text, 'invitation'::text, 'password_reset'::text]))),
    CONSTRAINT mails_sent_when CHECK (((state <> 'sent'::text) OR (sent_at IS NOT NULL))),
    CONSTRAINT mails_state_known CHECK ((state = ANY (ARRAY['queued'::text, 'sent'::text, 'parked'::text]))),
    CONSTRAINT mails_unknown_outcomes_counted CHECK ((unknown_outcomes >= 0))
);


--
-- Name: migrations; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: outbox; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.outbox (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    weight integer NOT NULL,
    event json NOT NULL
);


--
-- Name: outbox_position_seq; Type: SEQUENCE; Schema: email; Owner: -
--

ALTER TABLE email.outbox ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME email.outbox_position_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: people; Type: TABLE; Schema: email; Owner: -
--

CREATE TABLE email.people (
    person_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    language text
);


--
-- Data for Name: day_seals; Type: TABLE DATA; Schema: accounting; Owner: -
--



--
-- Data for Name: day_totals; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.day_totals VALUES
	('2026-11-27', 1, 200, 6600, 0, 0, 0),
	('2026-11-27', 6, 2800, 2900, 0, 0, 1),
	('2026-11-28', 6, 3000, 3300, 0, 0, 0),
	('2026-11-28', 1, 400, 6000, 0, 0, 0);


--
-- Data for Name: days; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.days VALUES
	('2026-11-27', '2026-11-27 06:03:14.637137+00', '2026-11-27 06:03:19.392103+00', '01a21b99-d5ad-7451-b560-4a97fe40b215', 2, 7200, 1, -6500),
	('2026-11-28', '2026-11-27 06:03:19.392103+00', NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: accounting; Owner: -
--



--
-- Data for Name: inbox; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.inbox VALUES
	('01a21b99-cfdf-749a-b731-7413663f1815', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:14.790332+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d238-7a49-abbc-0604bf4a60f3', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:15.443012+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d5b1-78c5-b207-10c8cd7c2456', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.299422+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d802-75ff-bf47-eab36ae73fe2', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.902667+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e09f-7b97-81ba-43d17cb0c60f', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.086992+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0b7-7f92-86f3-9a4f87217e9f', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.124915+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0bd-7b56-a826-25c77a19002a', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.124915+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0c1-7a62-b5c1-28d498971430', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.124915+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0cb-7876-88c6-01b268d4790a', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.124915+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0cf-7811-b0b5-36b6520a3dc0', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.124915+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e0f6-7b01-941d-7bd3d13a83b8', 'piecework.tasks.assigned.v1', 'applied', '2026-11-27 06:03:19.173453+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e17d-7df9-a121-8fd6188ceb09', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.305066+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e187-7db2-88f0-60c84b18669b', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.328983+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e193-713f-b5d1-faa6abdce0b1', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.328983+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e215-799e-ad89-12d963345e68', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.461708+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e233-7a2c-b371-7654834da679', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.478021+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e239-7fff-8368-a83fb6b268f8', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.504581+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e27b-7a68-8ec2-3ea8732bde04', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.570754+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e284-7ae8-a97d-16b80e80eb6d', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.570754+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e28a-71b3-8978-0bef794909ea', 'piecework.tasks.created.v1', 'applied', '2026-11-27 06:03:19.570754+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e2b3-7488-a26e-db9fcd43c21d', 'piecework.tasks.assigned.v1', 'applied', '2026-11-27 06:03:19.609507+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e3fc-76d7-960a-f036b267e704', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.936002+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e400-7d54-819a-9532f758bf6b', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.972099+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e402-7133-8c8c-228f3886dd3d', 'piecework.tasks.completed.v1', 'applied', '2026-11-27 06:03:19.972099+00', 0, NULL, NULL, NULL, NULL);


--
-- Data for Name: migrations; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.migrations VALUES
	(1, 'accounting', '2026-11-27 06:03:13.668823+00', true, '\xfbb570191f3fb2c38da5d9f6ea61d9a893402c10bb1ba288b1a52254658fcacc5b02e2bdacc7464d06467fc422e1c623', 35402597),
	(2, 'wallets below zero', '2026-11-27 06:03:13.705898+00', true, '\x8de716938efe11ac442b61202eabc43d99ae1093b4f9070ef414d9ed2ce50e5a5151c0b2ad3670a8cc517b44bbb27efd', 3814015),
	(3, 'small events stay in their rows', '2026-11-27 06:03:13.7099+00', true, '\x6d12d336cf66dfa91029ce3c021c1035807ab647c3dbfbe4468e5edcb2bd7043893ba68537394655c94a095600d59a2f', 3028382),
	(4, 'wallets as they are shown', '2026-11-27 06:03:13.713091+00', true, '\x1fdd6ff01f6f5d28c548b2145a1ac8fbbfa4d5548683744fcedaa7232dc21bc6a197b79c537ab860fe7340bb42244621', 1100990),
	(150, 'idempotency keys', '2026-11-27 06:03:13.714352+00', true, '\x9850a307928b41bf1dac7a5468b859bfdef811658c14666f5da826557c20407b7bcc6e32700f4dc91af25b4c127dc0fe', 1331401),
	(200, 'live reports', '2026-11-27 06:03:13.715846+00', true, '\xe02e6dd85ec0cb7c336943b2a1209ba5773bb4d149e85c624eb44775ebcf0a26dd73c43b2a21cea8a49cd0e473ecccf5', 912300),
	(220, 'transfers by task and day', '2026-11-27 06:03:13.716918+00', true, '\x75301acf1e4b034cf9d4bae5d04619d9f31a2cbd5df50954d09349f6fa3607962863dcb4763f2df7f718644a470db235', 754837),
	(300, 'withdrawals and price seed', '2026-11-27 06:03:13.717999+00', true, '\xbdc624c1f1e84eb7584f51b7ea658a71621f6b420c096b685a89af92ed750988b169d4afea005cb83615ccfd86a59fc9', 1169992),
	(301, 'oldest program', '2026-11-27 06:03:13.719298+00', true, '\xf8d9a8ecd20b2c7c8ccf8c7eb1a754bf635bf795d8cd93d90372adc497a22748545cf4c909ca53df02670f57d97bd19d', 357860),
	(740, 'day seals', '2026-11-27 06:03:13.719774+00', true, '\xbc6d1e173bb20f6bebe11dfc0c4a1eb348c40265d54feae34421333a9fd394a7b51d1b0b3547970db87d07ccc84c8760', 1574110);


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: accounting; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.people VALUES
	('01a21b99-cfde-7668-bcea-e663306723b0', 1, 'ann@example.org'),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', 1, 'ben@example.org'),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', 1, 'anna@example.org'),
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', 1, 'max@example.org');


--
-- Data for Name: prices; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.prices VALUES
	('01a21b99-e0a0-718c-ae32-c2edb66e9ef9', 'Count the chairs', 'OPS-0', 200, 2900, 1, '2026-11-27 06:03:19.088544+00'),
	('01a21b99-e0b7-7194-8086-d60e11d2834d', 'Count the chairs', 'OPS-1', 300, 3000, 1, '2026-11-27 06:03:19.126853+00'),
	('01a21b99-e0bd-7232-9a36-e773b9c19075', 'Count the chairs', 'OPS-2', 200, 3600, 1, '2026-11-27 06:03:19.126853+00'),
	('01a21b99-e0c1-794a-abe8-3b718b2199c7', 'Count the chairs', 'OPS-3', 300, 3300, 1, '2026-11-27 06:03:19.126853+00'),
	('01a21b99-e0cb-791c-b662-dd2e85cdbd72', 'Count the chairs', 'OPS-4', 200, 2600, 1, '2026-11-27 06:03:19.126853+00'),
	('01a21b99-e0cf-718c-83e4-16acae0b0c03', 'Count the chairs', 'OPS-5', 300, 3400, 1, '2026-11-27 06:03:19.126853+00'),
	('01a21b99-e215-7738-bfc0-4144faf00b82', 'Count the chairs', 'OPS-0', 100, 3000, 1, '2026-11-27 06:03:19.462375+00'),
	('01a21b99-e233-7345-9b9f-254bee1c6a1a', 'Count the chairs', 'OPS-1', 100, 3700, 1, '2026-11-27 06:03:19.479928+00'),
	('01a21b99-e239-79de-bdf4-a34f2249256d', 'Count the chairs', 'OPS-2', 300, 3700, 1, '2026-11-27 06:03:19.505186+00'),
	('01a21b99-e27b-7765-9837-f73af965856d', 'Count the chairs', 'OPS-3', 300, 2700, 1, '2026-11-27 06:03:19.573874+00'),
	('01a21b99-e284-7b44-963e-8c4f80bd10bd', 'Count the chairs', 'OPS-4', 200, 2600, 1, '2026-11-27 06:03:19.573874+00'),
	('01a21b99-e28a-7cd3-8396-0145d72292e7', 'Count the chairs', 'OPS-5', 300, 3300, 1, '2026-11-27 06:03:19.573874+00');


--
-- Data for Name: pricing_policies; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.pricing_policies OVERRIDING SYSTEM VALUE VALUES
	(1, 100, 300, 2000, 4000, '2026-11-27 06:03:14.637137+00');


--
-- Data for Name: settings; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.settings VALUES
	(true, 'USD', 2, 'Etc/GMT-6', 6822668396664119011);


--
-- Data for Name: top_tasks; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.top_tasks VALUES
	('2026-11-27', '01a21b99-e0bd-7232-9a36-e773b9c19075', 3600, '2026-11-27 06:03:19.31523+00', '01a21b99-d237-783d-afdb-99bbe68a9fa5');


--
-- Data for Name: transfers; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.transfers VALUES
	('01a21b99-e0bf-7407-b2db-466e63dcabb0', 'fee:01a21b99-e0a0-718c-ae32-c2edb66e9ef9:1', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d5ad-7451-b560-4a97fe40b215', 1, -200, '01a21b99-e0a0-718c-ae32-c2edb66e9ef9', NULL, NULL, NULL, '2026-11-27 06:03:19.072398+00', '2026-11-27 06:03:19.103909+00', '2026-11-27'),
	('01a21b99-e0e0-7790-ae73-3d03d7037148', 'fee:01a21b99-e0b7-7194-8086-d60e11d2834d:1', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 1, -300, '01a21b99-e0b7-7194-8086-d60e11d2834d', NULL, NULL, NULL, '2026-11-27 06:03:19.095503+00', '2026-11-27 06:03:19.136346+00', '2026-11-27'),
	('01a21b99-e0e0-7525-a217-6bb60eac6374', 'fee:01a21b99-e0bd-7232-9a36-e773b9c19075:1', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d5ad-7451-b560-4a97fe40b215', 2, -400, '01a21b99-e0bd-7232-9a36-e773b9c19075', NULL, NULL, NULL, '2026-11-27 06:03:19.101548+00', '2026-11-27 06:03:19.136346+00', '2026-11-27'),
	('01a21b99-e0e0-71de-8c40-099a86fd7533', 'fee:01a21b99-e0c1-794a-abe8-3b718b2199c7:1', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 1, -300, '01a21b99-e0c1-794a-abe8-3b718b2199c7', NULL, NULL, NULL, '2026-11-27 06:03:19.105177+00', '2026-11-27 06:03:19.136346+00', '2026-11-27'),
	('01a21b99-e0e0-737e-aad6-e78d0ee36bd2', 'fee:01a21b99-e0cb-791c-b662-dd2e85cdbd72:1', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-cfde-7668-bcea-e663306723b0', 2, -500, '01a21b99-e0cb-791c-b662-dd2e85cdbd72', NULL, NULL, NULL, '2026-11-27 06:03:19.115729+00', '2026-11-27 06:03:19.136346+00', '2026-11-27'),
	('01a21b99-e0e0-7769-bc48-be0474d15b3e', 'fee:01a21b99-e0cf-718c-83e4-16acae0b0c03:1', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 2, -600, '01a21b99-e0cf-718c-83e4-16acae0b0c03', NULL, NULL, NULL, '2026-11-27 06:03:19.119526+00', '2026-11-27 06:03:19.136346+00', '2026-11-27'),
	('01a21b99-e117-7da3-9068-5507ca98ce41', 'fee:01a21b99-e0a0-718c-ae32-c2edb66e9ef9:2', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 3, -800, '01a21b99-e0a0-718c-ae32-c2edb66e9ef9', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e117-791b-8f8d-fd2c9181e58f', 'fee:01a21b99-e0b7-7194-8086-d60e11d2834d:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 3, -800, '01a21b99-e0b7-7194-8086-d60e11d2834d', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e117-735f-9345-58d551b2c671', 'fee:01a21b99-e0bd-7232-9a36-e773b9c19075:2', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 4, -1000, '01a21b99-e0bd-7232-9a36-e773b9c19075', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e117-792a-8ac1-654716ffbf40', 'fee:01a21b99-e0c1-794a-abe8-3b718b2199c7:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 4, -1100, '01a21b99-e0c1-794a-abe8-3b718b2199c7', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e117-7b3c-a957-61a537f2f16f', 'fee:01a21b99-e0cb-791c-b662-dd2e85cdbd72:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-cfde-7668-bcea-e663306723b0', 5, -1300, '01a21b99-e0cb-791c-b662-dd2e85cdbd72', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e117-7553-bfe6-34bd776373e7', 'fee:01a21b99-e0cf-718c-83e4-16acae0b0c03:2', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d5ad-7451-b560-4a97fe40b215', 3, -700, '01a21b99-e0cf-718c-83e4-16acae0b0c03', NULL, NULL, NULL, '2026-11-27 06:03:19.155955+00', '2026-11-27 06:03:19.191759+00', '2026-11-27'),
	('01a21b99-e190-7926-a805-f599e1ad4317', 'reward:01a21b99-e0a0-718c-ae32-c2edb66e9ef9', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-d237-783d-afdb-99bbe68a9fa5', 2900, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 5, 1900, '01a21b99-e0a0-718c-ae32-c2edb66e9ef9', NULL, NULL, NULL, '2026-11-27 06:03:19.293555+00', '2026-11-27 06:03:19.312594+00', '2026-11-27'),
	('01a21b99-e1a2-7380-9634-969aa5a842ec', 'reward:01a21b99-e0b7-7194-8086-d60e11d2834d', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-cfde-7668-bcea-e663306723b0', 3000, '01a21b99-cfde-7668-bcea-e663306723b0', 6, 1700, '01a21b99-e0b7-7194-8086-d60e11d2834d', NULL, NULL, NULL, '2026-11-27 06:03:19.303197+00', '2026-11-27 06:03:19.33017+00', '2026-11-27'),
	('01a21b99-e1a2-78af-b9ee-966d349f463e', 'reward:01a21b99-e0bd-7232-9a36-e773b9c19075', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-d237-783d-afdb-99bbe68a9fa5', 3600, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 6, 5500, '01a21b99-e0bd-7232-9a36-e773b9c19075', NULL, NULL, NULL, '2026-11-27 06:03:19.31523+00', '2026-11-27 06:03:19.33017+00', '2026-11-27'),
	('01a21b99-e1ee-7915-9257-52c2fa99b0e3', 'payout:01a21b99-cfde-7668-bcea-e663306723b0:2026-11-27', 'payout', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000c0', 1700, '01a21b99-cfde-7668-bcea-e663306723b0', 7, 0, NULL, NULL, NULL, NULL, '2026-11-27 06:03:19.392103+00', '2026-11-27 06:03:19.406375+00', '2026-11-27'),
	('01a21b99-e1ee-7fd6-8b78-adb8b1045321', 'payout:01a21b99-d237-783d-afdb-99bbe68a9fa5:2026-11-27', 'payout', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000c0', 5500, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 7, 0, NULL, NULL, NULL, NULL, '2026-11-27 06:03:19.392103+00', '2026-11-27 06:03:19.406375+00', '2026-11-27'),
	('01a21b99-e227-72f9-9119-9f23c7988e18', 'fee:01a21b99-e215-7738-bfc0-4144faf00b82:1', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 100, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 8, -100, '01a21b99-e215-7738-bfc0-4144faf00b82', NULL, NULL, NULL, '2026-11-27 06:03:19.445784+00', '2026-11-27 06:03:19.463465+00', '2026-11-28'),
	('01a21b99-e23b-791c-925e-9816838acfef', 'fee:01a21b99-e233-7345-9b9f-254bee1c6a1a:1', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 100, '01a21b99-d5ad-7451-b560-4a97fe40b215', 4, -800, '01a21b99-e233-7345-9b9f-254bee1c6a1a', NULL, NULL, NULL, '2026-11-27 06:03:19.475345+00', '2026-11-27 06:03:19.483614+00', '2026-11-28'),
	('01a21b99-e283-7b25-b196-85db1ebd0a3b', 'fee:01a21b99-e239-79de-bdf4-a34f2249256d:1', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 9, -400, '01a21b99-e239-79de-bdf4-a34f2249256d', NULL, NULL, NULL, '2026-11-27 06:03:19.48173+00', '2026-11-27 06:03:19.555323+00', '2026-11-28'),
	('01a21b99-e297-7ab0-8bf9-51da7acee958', 'fee:01a21b99-e27b-7765-9837-f73af965856d:1', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d5ad-7451-b560-4a97fe40b215', 5, -1100, '01a21b99-e27b-7765-9837-f73af965856d', NULL, NULL, NULL, '2026-11-27 06:03:19.547362+00', '2026-11-27 06:03:19.575557+00', '2026-11-28'),
	('01a21b99-e297-7d92-91fc-2096622e08b4', 'fee:01a21b99-e284-7b44-963e-8c4f80bd10bd:1', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d5ad-7451-b560-4a97fe40b215', 6, -1300, '01a21b99-e284-7b44-963e-8c4f80bd10bd', NULL, NULL, NULL, '2026-11-27 06:03:19.556058+00', '2026-11-27 06:03:19.575557+00', '2026-11-28'),
	('01a21b99-e297-7124-89d7-0cd404e9cdfc', 'fee:01a21b99-e28a-7cd3-8396-0145d72292e7:1', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 10, -700, '01a21b99-e28a-7cd3-8396-0145d72292e7', NULL, NULL, NULL, '2026-11-27 06:03:19.562949+00', '2026-11-27 06:03:19.575557+00', '2026-11-28'),
	('01a21b99-e2bc-7242-b8bf-28d764541640', 'fee:01a21b99-e0c1-794a-abe8-3b718b2199c7:3', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 8, -300, '01a21b99-e0c1-794a-abe8-3b718b2199c7', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-737f-b369-db5b5305358b', 'fee:01a21b99-e0cb-791c-b662-dd2e85cdbd72:3', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-cfde-7668-bcea-e663306723b0', 9, -500, '01a21b99-e0cb-791c-b662-dd2e85cdbd72', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-7208-b197-c30d326bec52', 'fee:01a21b99-e0cf-718c-83e4-16acae0b0c03:3', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 11, -1000, '01a21b99-e0cf-718c-83e4-16acae0b0c03', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-7b26-bb8c-3328b52c69f7', 'fee:01a21b99-e215-7738-bfc0-4144faf00b82:2', 'assignment_fee', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '00000000-0000-0000-0000-0000000000e0', 100, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 12, -1100, '01a21b99-e215-7738-bfc0-4144faf00b82', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-7498-87bd-b6e6ea3441f7', 'fee:01a21b99-e233-7345-9b9f-254bee1c6a1a:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 100, '01a21b99-cfde-7668-bcea-e663306723b0', 10, -600, '01a21b99-e233-7345-9b9f-254bee1c6a1a', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-74b3-aea9-d8ad11e3a934', 'fee:01a21b99-e239-79de-bdf4-a34f2249256d:2', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-d5ad-7451-b560-4a97fe40b215', 7, -1600, '01a21b99-e239-79de-bdf4-a34f2249256d', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-74d6-891a-aa689c021c38', 'fee:01a21b99-e27b-7765-9837-f73af965856d:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 11, -900, '01a21b99-e27b-7765-9837-f73af965856d', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-7ee3-8470-76a67ae6a832', 'fee:01a21b99-e284-7b44-963e-8c4f80bd10bd:2', 'assignment_fee', '01a21b99-d5ad-7451-b560-4a97fe40b215', '00000000-0000-0000-0000-0000000000e0', 200, '01a21b99-d5ad-7451-b560-4a97fe40b215', 8, -1800, '01a21b99-e284-7b44-963e-8c4f80bd10bd', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e2bc-7b6b-8f60-50b291a5cd57', 'fee:01a21b99-e28a-7cd3-8396-0145d72292e7:2', 'assignment_fee', '01a21b99-cfde-7668-bcea-e663306723b0', '00000000-0000-0000-0000-0000000000e0', 300, '01a21b99-cfde-7668-bcea-e663306723b0', 12, -1200, '01a21b99-e28a-7cd3-8396-0145d72292e7', NULL, NULL, NULL, '2026-11-27 06:03:19.593733+00', '2026-11-27 06:03:19.612118+00', '2026-11-28'),
	('01a21b99-e40e-7c25-be8b-bdb5e22a4ca6', 'reward:01a21b99-e0c1-794a-abe8-3b718b2199c7', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-cfde-7668-bcea-e663306723b0', 3300, '01a21b99-cfde-7668-bcea-e663306723b0', 13, 2100, '01a21b99-e0c1-794a-abe8-3b718b2199c7', NULL, NULL, NULL, '2026-11-27 06:03:19.932517+00', '2026-11-27 06:03:19.9509+00', '2026-11-28'),
	('01a21b99-e425-77cb-8ac4-84c8c2dbfd9a', 'reward:01a21b99-e0cb-791c-b662-dd2e85cdbd72', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-cfde-7668-bcea-e663306723b0', 2600, '01a21b99-cfde-7668-bcea-e663306723b0', 14, 4700, '01a21b99-e0cb-791c-b662-dd2e85cdbd72', NULL, NULL, NULL, '2026-11-27 06:03:19.936126+00', '2026-11-27 06:03:19.973516+00', '2026-11-28'),
	('01a21b99-e425-771c-b2ad-8dd94b1479e0', 'reward:01a21b99-e0cf-718c-83e4-16acae0b0c03', 'completion_reward', '00000000-0000-0000-0000-0000000000e0', '01a21b99-d237-783d-afdb-99bbe68a9fa5', 3400, '01a21b99-d237-783d-afdb-99bbe68a9fa5', 13, 2300, '01a21b99-e0cf-718c-83e4-16acae0b0c03', NULL, NULL, NULL, '2026-11-27 06:03:19.938274+00', '2026-11-27 06:03:19.973516+00', '2026-11-28');


--
-- Data for Name: wallets; Type: TABLE DATA; Schema: accounting; Owner: -
--

INSERT INTO accounting.wallets VALUES
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', 0, 0),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', -1800, 8),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', 2300, 13),
	('01a21b99-cfde-7668-bcea-e663306723b0', 4700, 14);


--
-- Data for Name: withdrawals; Type: TABLE DATA; Schema: accounting; Owner: -
--



--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis._sqlx_migrations VALUES
	(20220530084123, 'jobs workers', '2026-11-27 06:03:14.550885+00', true, '\xd0839c6f57a379769dc27ccd581feb3d2709239c8f138e05271c9e3c760c4517a78a4d8912ab3d63b074b28d15ec74e9', 5097585),
	(20220709210445, 'add job fn', '2026-11-27 06:03:14.550885+00', true, '\x14f906e53a627f1b27996e74e8e69dbc29ee70519e7af4f0032a27c75ed706a34af8bafecc8f8572855f314cbc5a7ba9', 1003285),
	(20230330210841, 'replace add job fn', '2026-11-27 06:03:14.550885+00', true, '\xd9b6e57e6de60db1647e2447cf36bf0eafbec266f1d482bd196affc97617efbc4c07bad826706c7b3a0b3960cf9f727b', 2749619),
	(20230408110421, 'drop old push job', '2026-11-27 06:03:14.550885+00', true, '\x3656a91fe9c652ca23df775a601409a9252357f47088d6bcf2025fda2dd67e50c99ad94d1d2ca569c91c343189c58e33', 584605),
	(20230408234928, 'add get jobs fn ', '2026-11-27 06:03:14.550885+00', true, '\x176c3acaf1097ff45da76d4c746af766640027b6721a056b3fc3fcc4ab8192344920b4415e8dae46f5136ee223ed5f6b', 463566),
	(20240225141841, 'replace add job fn remove jid', '2026-11-27 06:03:14.550885+00', true, '\xc53560b7a312915d696ed6c7e18bda478d9bf1278c4d59e3c53b47c45d8a903f089c728a5ff2e131cd5b629cdfe7d4cb', 848917),
	(20250210092135, 'include failed in get jobs', '2026-11-27 06:03:14.550885+00', true, '\x810786bd8f1007bf523bec8ed9de0a9ae789e634e5434a1a5cc9c1b766bd758b4d37912ef390dcf95e8de23910eeef55', 444708),
	(20250223193249, 'fix get jobs conditional', '2026-11-27 06:03:14.550885+00', true, '\xcfda3f3d62b4122b6321af0e45ba162fd3ad5d07f95e4eefe858600551167e31454ebd57d45b62e880336fcfef3ef2a7', 623243),
	(20250307001101, 'add job priority', '2026-11-27 06:03:14.550885+00', true, '\xb5d318f2da5e909d66db190f58b76ae52f6808733d2a88d180555430d28518fee783fb0ff1e1c37ed1dc79627abd9694', 825602),
	(20250404160441, 'cleanup old push jobs fn', '2026-11-27 06:03:14.550885+00', true, '\x962242ef0971de54905cafbdefe26a3c1f32c1c52ef13b6937c2920445b1ce97cd2dcf7db9c293becc95dc55412e7a15', 425409),
	(20250722071207, 'improve notify', '2026-11-27 06:03:14.550885+00', true, '\xb3a1f712f8fbdfe38004134d8f55e49857b764f3277f38dd9d13299d5e0afbc895005b62fa0355b8a0d8595a38be6db7', 630544),
	(20251018164839, 'update result', '2026-11-27 06:03:14.550885+00', true, '\xe4e3d1efc77746e4db164b49017c90785613b35520da84f9a5a3f8981d60420d9dec3c94af9e8632ab711ffac7c1e199', 1862306),
	(20251018164912, 'add metadata', '2026-11-27 06:03:14.550885+00', true, '\x803a4510201392a36e20ef81c9b05230ffa734a292c875f87ea65bc73944642b1d260a38741c4bdb88c0096338c152c0', 390839),
	(20251018165007, 'move to bytes', '2026-11-27 06:03:14.550885+00', true, '\xdcbb8181c56cc4b9511ddc940f81f5bb9420436d0f4edf1bc9978011324e6b8d5437c50830b8651e2168608d04977272', 1723000),
	(20251018165033, 'add started at', '2026-11-27 06:03:14.550885+00', true, '\x21b1264f3881a4cf4fb209ff2cc75c21946441691745d7cbc9ab1dd812a1e1c08648e47ea8b4de060784da581dab2246', 384269),
	(20251018165056, 'queue jobs', '2026-11-27 06:03:14.550885+00', true, '\xdd02b7e9c23a7da0f71bff73b469c51b7305d1830e7f4bd6de083c11315e8492801e242755d9981381760a5ace6d8fe7', 509333),
	(20251018165121, 'notify run at', '2026-11-27 06:03:14.550885+00', true, '\xa99e6c60687ec15c1bf8132763db63a0d9d18e1ee814527254fc95ee733e65bdf2f0ae64ca86cae0d1f232654d189fda', 520230),
	(20251225090252, 'include primary keys', '2026-11-27 06:03:14.550885+00', true, '\xfd9f16bd772c5682ecb3f6b0a21efed5581a85316770ab8d620b38346e9319ae239ef784e8eb46735d6be735e7b3b5be', 743421),
	(20260508093314, 'idempotency key', '2026-11-27 06:03:14.550885+00', true, '\xf2686534e1abbba2fcde715c1ca724e7937a4e1f49d6a9a462ed4f1c2e8b83518f4f78868a111d6451afba770207c2d0', 719946),
	(20260605000000, 'confine generate ulid to apalis', '2026-11-27 06:03:14.550885+00', true, '\xc56dbd61156387934579af19b51ba95bd0cbe203f9528f0cd619c191730788858eca89044a7aa0622d308b9a3028e2c5', 869777),
	(20260824233636, 'streamline indices', '2026-11-27 06:03:14.550885+00', true, '\x09c57f5bd9cce210564e8b12da0520289290ad729ef4205cdd55bd2a60ac85f889df8c23b20a4a01d959f0c8b5775a6d', 1386122),
	(20260826101335, 'metadata hstore', '2026-11-27 06:03:14.550885+00', true, '\xcc38c9e6fd38157b443f6dd584e322405d49dedfd3a60867604102078a99320f97279e6c244cb87f84152ab9be7d41be', 7994672),
	(20260902075949, 'remove pl in get jobs', '2026-11-27 06:03:14.550885+00', true, '\x0dc0483d69bf530508d451bec9346f7d14be68c37308b130910462d130cab0827eb2825d20072105c83ae3a66ed82c6b', 602122);


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis.jobs VALUES
	('\x6e756c6c', '01M8DSKQ8SD4QFTMKKBK2D9XVA', 'email.prune_idempotency_keys', 'Done', 1, 1, '2026-11-27 06:03:18.167706+00', '{"Ok": null}', '2026-11-27 06:03:18.178643+00', 'email.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.212204+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKQ8V2QQKHCC2B6W3VDHZ', 'accounting.close_days', 'Done', 1, 1, '2026-11-27 06:03:18.169778+00', '{"Ok": null}', '2026-11-27 06:03:18.188083+00', 'accounting.close_days/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.223226+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKQ7EJ694MH47EPTHMQ31', 'accounting.seal_days', 'Done', 1, 1, '2026-11-27 06:03:18.104853+00', '{"Ok": null}', '2026-11-27 06:03:18.179009+00', 'accounting.seal_days/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.219468+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKQ6WSFDYT5R72BVZQ3BV', 'accounting.prune_idempotency_keys', 'Done', 1, 1, '2026-11-27 06:03:18.105397+00', '{"Ok": null}', '2026-11-27 06:03:18.207676+00', 'accounting.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.225326+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKQ91ARGXS80X4GFEXQT6', 'email.delete_old_texts', 'Done', 1, 1, '2026-11-27 06:03:18.175922+00', '{"Ok": null}', '2026-11-27 06:03:18.186731+00', 'email.delete_old_texts/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.232176+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKQ70MZ7P88FPQ8WDME8V', 'email.send', 'Done', 1, 1, '2026-11-27 06:03:18.109588+00', '{"Ok": null}', '2026-11-27 06:03:18.188108+00', 'email.send/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:18.394049+00', 0, NULL, NULL),
	('\x6e756c6c', '01M8DSKRGBDEV7B9S7XSY2CGSY', 'email.send', 'Done', 1, 1, '2026-11-27 06:03:19.433466+00', '{"Ok": null}', '2026-11-27 06:03:19.435432+00', 'email.send/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', '2026-11-27 06:03:19.446224+00', 0, NULL, NULL);


--
-- Data for Name: workers; Type: TABLE DATA; Schema: apalis; Owner: -
--

INSERT INTO apalis.workers VALUES
	('email.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'email.prune_idempotency_keys', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL),
	('accounting.seal_days/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'accounting.seal_days', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL),
	('email.send/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'email.send', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL),
	('email.delete_old_texts/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'email.delete_old_texts', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL),
	('accounting.close_days/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'accounting.close_days', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL),
	('accounting.prune_idempotency_keys/01a21b99-d8cd-7e3e-afe4-ca13da847dc1/1', 'accounting.prune_idempotency_keys', 'PgStorage', 'tower::limit::concurrency::service::ConcurrencyLimit<apalis_core::worker::ext::event_listener::EventListenerService<apalis_core::worker::lifecycle::LifecycleService<apalis_core::task::task_fn::TaskFn<piecework::runtime::jobs::worker::Worker::serve::{{closure}}::{{closure}}, (), ()>>>>', '2026-11-27 06:03:18+00', NULL);


--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: email; Owner: -
--



--
-- Data for Name: inbox; Type: TABLE DATA; Schema: email; Owner: -
--

INSERT INTO email.inbox VALUES
	('01a21b99-cfdf-749a-b731-7413663f1815', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:14.792018+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d238-7a49-abbc-0604bf4a60f3', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:15.438793+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d5b1-78c5-b207-10c8cd7c2456', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.296118+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-d802-75ff-bf47-eab36ae73fe2', 'piecework.identity.people_changed.v1', 'applied', '2026-11-27 06:03:16.896166+00', 0, NULL, NULL, NULL, NULL),
	('01a21b99-e1ef-701b-9a3a-854b23514878', 'piecework.accounting.paid.v1', 'applied', '2026-11-27 06:03:19.429756+00', 0, NULL, NULL, NULL, NULL);


--
-- Data for Name: mails; Type: TABLE DATA; Schema: email; Owner: -
--

INSERT INTO email.mails VALUES
	('01a21b99-e207-78ab-a509-f79118d9db27', 'payout_statement', '01a21b99-cfde-7668-bcea-e663306723b0', '2026-11-27', '01a21b99-e1ef-701b-9a3a-854b23514878', '{"currency":"USD","currency_exponent":2,"payout":{"transfer_id":"01a21b99-e1ee-7915-9257-52c2fa99b0e3","person_id":"01a21b99-cfde-7668-bcea-e663306723b0","amount_minor":1700,"opening_balance_minor":0,"lines_total":6,"lines":[{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-300,"occurred_at":"2026-11-27T06:03:19.105177Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-200,"occurred_at":"2026-11-27T06:03:19.115729Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-300,"occurred_at":"2026-11-27T06:03:19.155955Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-300,"occurred_at":"2026-11-27T06:03:19.155955Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-200,"occurred_at":"2026-11-27T06:03:19.155955Z"},{"kind":"completion_reward","task_title":"Count the chairs","amount_minor":3000,"occurred_at":"2026-11-27T06:03:19.303197Z"}]}}', '<01a21b99-e1ef-701b-9a3a-854b23514878.01a21b99-cfde-7668-bcea-e663306723b0@piecework.local>', 'sent', 1, '2026-11-27 06:04:49.436673+00', NULL, 'ann@example.org', '\x4d6573736167652d49443a203c30316132316239392d653165662d373031622d396133612d3835346232333531343837382e30316132316239392d636664652d373636382d626365612d653636333330363732336230407069656365776f726b2e6c6f63616c3e0d0a446174653a204672692c203237204e6f7620323032362030363a30333a3139202b303030300d0a46726f6d3a205069656365776f726b203c7069656365776f726b406c6f63616c686f73743e0d0a546f3a203d3f7574662d383f623f5957357551475634595731776247557562334a6e3f3d203c616e6e406578616d706c652e6f72673e0d0a5375626a6563743a20596f7572207061796f757420666f72203237204e6f76656d62657220323032363a2031372e3030205553440d0a4175746f2d5375626d69747465643a206175746f2d67656e6572617465640d0a4d494d452d56657273696f6e3a20312e300d0a436f6e74656e742d547970653a206d756c7469706172742f616c7465726e61746976653b0d0a20626f756e646172793d223d5f30316132316239392d653230372d373861622d613530392d663739313138643964623237220d0a0d0a2d2d3d5f30316132316239392d653230372d373861622d613530392d6637393131386439646232370d0a436f6e74656e742d547970653a20746578742f706c61696e3b20636861727365743d7574662d380d0a436f6e74656e742d5472616e736665722d456e636f64696e673a2071756f7465642d7072696e7461626c650d0a0d0a48656c6c6f2c20616e6e406578616d706c652e6f7267210d0a0d0a596f752068617665206265656e207061696420666f72203237204e6f76656d62657220323032363a2031372e3030205553442e0d0a0d0a42616c616e6365207768656e207468652064617920626567616e3a20302e3030205553440d0a0d0a546865206461792c2074696d657320696e205554433a0d0a323032362d31312d32372030363a30332020202020202020202d332e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d322e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d332e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d332e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d322e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a303320202020202020202b33302e3030202052657761726420666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d0d0a3d39440d0a0d0a50616964206f75743a2031372e3030205553440d0a0d0a2d2d0d0a596f75206765742074686973206d61696c2062656361757365206120706f7369746976652062616c616e63652069732070616964206f7574207768656e206120627573696e6573732064613d0d0a7920656e64732e0d0a2d2d3d5f30316132316239392d653230372d373861622d613530392d6637393131386439646232370d0a436f6e74656e742d547970653a20746578742f68746d6c3b20636861727365743d7574662d380d0a436f6e74656e742d5472616e736665722d456e636f64696e673a2071756f7465642d7072696e7461626c650d0a0d0a3c21646f63747970652068746d6c3e0d0a3c68746d6c206c616e673d334422656e223e0d0a3c686561643e0d0a3c6d65746120636861727365743d3344227574662d38223e0d0a3c7469746c653e3237204e6f76656d62657220323032363c2f7469746c653e0d0a3c2f686561643e0d0a3c626f6479207374796c653d3344226d617267696e3a20303b2070616464696e673a20323470783b20666f6e742d66616d696c793a2073616e732d73657269663b20666f6e742d73697a653d0d0a3a20313570783b206c696e652d6865696768743a20312e353b20636f6c6f723a20233162316632343b206261636b67726f756e643a2023666666666666223e0d0a3c703e48656c6c6f2c20616e6e406578616d706c652e6f7267213c2f703e0d0a3c703e596f752068617665206265656e207061696420666f72203237204e6f76656d62657220323032363a203c7374726f6e673e31372e3030205553443c2f7374726f6e673e2e3c2f703e0d0a3c7461626c65207374796c653d334422626f726465722d636f6c6c617073653a20636f6c6c61707365223e0d0a3c74686561643e0d0a3c74723e0d0a3c7468207374796c653d33442270616464696e673a2034707820313270782034707820303b20746578742d616c69676e3a206c656674223e54696d652028555443293c2f74683e0d0a3c7468207374796c653d33442270616464696e673a2034707820313270782034707820303b20746578742d616c69676e3a206c656674223e576861743c2f74683e0d0a3c7468207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a207269676874223e416d6f756e743c2f74683e0d0a3c2f74723e0d0a3c2f74686561643e0d0a3c74626f64793e0d0a3c74723e0d0a3c746420636f6c7370616e3d3344223222207374796c653d33442270616464696e673a203470782031327078203470782030223e42616c616e6365207768656e20746865206461792062653d0d0a67616e3c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f77726170223e302e303020553d0d0a53443c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d332e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d322e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d332e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d332e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d322e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e52657761726420666f72203d45323d38303d39433c6264693e436f756e74207468652063683d0d0a616972733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2b33302e30303c2f74643e0d0a3c2f74723e0d0a3c2f74626f64793e0d0a3c74666f6f743e0d0a3c74723e0d0a3c746820636f6c7370616e3d3344223222207374796c653d33442270616464696e673a2038707820313270782034707820303b20746578742d616c69676e3a206c656674223e50616964203d0d0a6f75743c2f74683e0d0a3c7468207374796c653d33442270616464696e673a203870782030203470783b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f77726170223e31373d0d0a2e3030205553443c2f74683e0d0a3c2f74723e0d0a3c2f74666f6f743e0d0a3c2f7461626c653e0d0a3c70207374796c653d334422666f6e742d73697a653a20313370783b20636f6c6f723a2023353936333665223e596f75206765742074686973206d61696c2062656361757365206120706f3d0d0a7369746976652062616c616e63652069732070616964206f7574207768656e206120627573696e6573732064617920656e64732e3c2f703e0d0a3c2f626f64793e0d0a3c2f68746d6c3e0d0a2d2d3d5f30316132316239392d653230372d373861622d613530392d6637393131386439646232372d2d0d0a', '2026-11-27 06:03:19.431223+00', '2026-11-27 06:03:19.443493+00', 0, NULL, '00-f385968ee1fc89de57f7e7e876e22d73-49697c9200af12e1-00', NULL),
	('01a21b99-e207-7296-be08-0809f8f69844', 'payout_statement', '01a21b99-d237-783d-afdb-99bbe68a9fa5', '2026-11-27', '01a21b99-e1ef-701b-9a3a-854b23514878', '{"currency":"USD","currency_exponent":2,"payout":{"transfer_id":"01a21b99-e1ee-7fd6-8b78-adb8b1045321","person_id":"01a21b99-d237-783d-afdb-99bbe68a9fa5","amount_minor":5500,"opening_balance_minor":0,"lines_total":6,"lines":[{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-300,"occurred_at":"2026-11-27T06:03:19.095503Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-300,"occurred_at":"2026-11-27T06:03:19.119526Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-200,"occurred_at":"2026-11-27T06:03:19.155955Z"},{"kind":"assignment_fee","task_title":"Count the chairs","amount_minor":-200,"occurred_at":"2026-11-27T06:03:19.155955Z"},{"kind":"completion_reward","task_title":"Count the chairs","amount_minor":2900,"occurred_at":"2026-11-27T06:03:19.293555Z"},{"kind":"completion_reward","task_title":"Count the chairs","amount_minor":3600,"occurred_at":"2026-11-27T06:03:19.315230Z"}]}}', '<01a21b99-e1ef-701b-9a3a-854b23514878.01a21b99-d237-783d-afdb-99bbe68a9fa5@piecework.local>', 'sent', 1, '2026-11-27 06:04:49.436673+00', NULL, 'ben@example.org', '\x4d6573736167652d49443a203c30316132316239392d653165662d373031622d396133612d3835346232333531343837382e30316132316239392d643233372d373833642d616664622d393962626536386139666135407069656365776f726b2e6c6f63616c3e0d0a446174653a204672692c203237204e6f7620323032362030363a30333a3139202b303030300d0a46726f6d3a205069656365776f726b203c7069656365776f726b406c6f63616c686f73743e0d0a546f3a203d3f7574662d383f623f596d567551475634595731776247557562334a6e3f3d203c62656e406578616d706c652e6f72673e0d0a5375626a6563743a20596f7572207061796f757420666f72203237204e6f76656d62657220323032363a2035352e3030205553440d0a4175746f2d5375626d69747465643a206175746f2d67656e6572617465640d0a4d494d452d56657273696f6e3a20312e300d0a436f6e74656e742d547970653a206d756c7469706172742f616c7465726e61746976653b0d0a20626f756e646172793d223d5f30316132316239392d653230372d373239362d626530382d303830396638663639383434220d0a0d0a2d2d3d5f30316132316239392d653230372d373239362d626530382d3038303966386636393834340d0a436f6e74656e742d547970653a20746578742f706c61696e3b20636861727365743d7574662d380d0a436f6e74656e742d5472616e736665722d456e636f64696e673a2071756f7465642d7072696e7461626c650d0a0d0a48656c6c6f2c2062656e406578616d706c652e6f7267210d0a0d0a596f752068617665206265656e207061696420666f72203237204e6f76656d62657220323032363a2035352e3030205553442e0d0a0d0a42616c616e6365207768656e207468652064617920626567616e3a20302e3030205553440d0a0d0a546865206461792c2074696d657320696e205554433a0d0a323032362d31312d32372030363a30332020202020202020202d332e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d332e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d322e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a30332020202020202020202d322e3030202046656520666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d39440d0a323032362d31312d32372030363a303320202020202020202b32392e3030202052657761726420666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d0d0a3d39440d0a323032362d31312d32372030363a303320202020202020202b33362e3030202052657761726420666f72203d45323d38303d3943436f756e7420746865206368616972733d45323d38303d0d0a3d39440d0a0d0a50616964206f75743a2035352e3030205553440d0a0d0a2d2d0d0a596f75206765742074686973206d61696c2062656361757365206120706f7369746976652062616c616e63652069732070616964206f7574207768656e206120627573696e6573732064613d0d0a7920656e64732e0d0a2d2d3d5f30316132316239392d653230372d373239362d626530382d3038303966386636393834340d0a436f6e74656e742d547970653a20746578742f68746d6c3b20636861727365743d7574662d380d0a436f6e74656e742d5472616e736665722d456e636f64696e673a2071756f7465642d7072696e7461626c650d0a0d0a3c21646f63747970652068746d6c3e0d0a3c68746d6c206c616e673d334422656e223e0d0a3c686561643e0d0a3c6d65746120636861727365743d3344227574662d38223e0d0a3c7469746c653e3237204e6f76656d62657220323032363c2f7469746c653e0d0a3c2f686561643e0d0a3c626f6479207374796c653d3344226d617267696e3a20303b2070616464696e673a20323470783b20666f6e742d66616d696c793a2073616e732d73657269663b20666f6e742d73697a653d0d0a3a20313570783b206c696e652d6865696768743a20312e353b20636f6c6f723a20233162316632343b206261636b67726f756e643a2023666666666666223e0d0a3c703e48656c6c6f2c2062656e406578616d706c652e6f7267213c2f703e0d0a3c703e596f752068617665206265656e207061696420666f72203237204e6f76656d62657220323032363a203c7374726f6e673e35352e3030205553443c2f7374726f6e673e2e3c2f703e0d0a3c7461626c65207374796c653d334422626f726465722d636f6c6c617073653a20636f6c6c61707365223e0d0a3c74686561643e0d0a3c74723e0d0a3c7468207374796c653d33442270616464696e673a2034707820313270782034707820303b20746578742d616c69676e3a206c656674223e54696d652028555443293c2f74683e0d0a3c7468207374796c653d33442270616464696e673a2034707820313270782034707820303b20746578742d616c69676e3a206c656674223e576861743c2f74683e0d0a3c7468207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a207269676874223e416d6f756e743c2f74683e0d0a3c2f74723e0d0a3c2f74686561643e0d0a3c74626f64793e0d0a3c74723e0d0a3c746420636f6c7370616e3d3344223222207374796c653d33442270616464696e673a203470782031327078203470782030223e42616c616e6365207768656e20746865206461792062653d0d0a67616e3c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f77726170223e302e303020553d0d0a53443c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d332e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d332e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d322e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e46656520666f72203d45323d38303d39433c6264693e436f756e74207468652063686169723d0d0a733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2d322e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e52657761726420666f72203d45323d38303d39433c6264693e436f756e74207468652063683d0d0a616972733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2b32392e30303c2f74643e0d0a3c2f74723e0d0a3c74723e0d0a3c7464207374796c653d33442270616464696e673a2034707820313270782034707820303b2077686974652d73706163653a206e6f777261703b20766572746963616c2d616c69676e3a203d0d0a746f70223e323032362d31312d32372030363a30333c2f74643e0d0a3c7464207374796c653d33442270616464696e673a203470782031327078203470782030223e52657761726420666f72203d45323d38303d39433c6264693e436f756e74207468652063683d0d0a616972733c2f6264693e3d45323d38303d39443c2f74643e0d0a3c7464207374796c653d33442270616464696e673a2034707820303b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f777261703b207665727469633d0d0a616c2d616c69676e3a20746f70223e2b33362e30303c2f74643e0d0a3c2f74723e0d0a3c2f74626f64793e0d0a3c74666f6f743e0d0a3c74723e0d0a3c746820636f6c7370616e3d3344223222207374796c653d33442270616464696e673a2038707820313270782034707820303b20746578742d616c69676e3a206c656674223e50616964203d0d0a6f75743c2f74683e0d0a3c7468207374796c653d33442270616464696e673a203870782030203470783b20746578742d616c69676e3a2072696768743b2077686974652d73706163653a206e6f77726170223e35353d0d0a2e3030205553443c2f74683e0d0a3c2f74723e0d0a3c2f74666f6f743e0d0a3c2f7461626c653e0d0a3c70207374796c653d334422666f6e742d73697a653a20313370783b20636f6c6f723a2023353936333665223e596f75206765742074686973206d61696c2062656361757365206120706f3d0d0a7369746976652062616c616e63652069732070616964206f7574207768656e206120627573696e6573732064617920656e64732e3c2f703e0d0a3c2f626f64793e0d0a3c2f68746d6c3e0d0a2d2d3d5f30316132316239392d653230372d373239362d626530382d3038303966386636393834342d2d0d0a', '2026-11-27 06:03:19.431223+00', '2026-11-27 06:03:19.4446+00', 0, NULL, '00-f385968ee1fc89de57f7e7e876e22d73-49697c9200af12e1-00', NULL);


--
-- Data for Name: migrations; Type: TABLE DATA; Schema: email; Owner: -
--

INSERT INTO email.migrations VALUES
	(1, 'mail', '2026-11-27 06:03:13.742052+00', true, '\xd50b970fab58fc94760b22579e5a52b23c0227f8d4d74ba46019004250c1f99378cb88cdd07ed43090572cfee78e6ba7', 5194698),
	(2, 'unknown outcomes', '2026-11-27 06:03:13.747768+00', true, '\x490f0bc76d5c0f1f614bb6f95c5ce2ddfe7d30af2cde661b8d1255b55d0a6cedede3e0e4d97f3d2b2c7737dd4f4d39a0', 6050936),
	(3, 'address notices', '2026-11-27 06:03:13.754671+00', true, '\xb1f4016b79aedb8014fe39c0014171ce76b9f915dd5f65dea1396ecca01663f31952472347d9cbf527580e925b4271a5', 2508573),
	(120, 'link mails', '2026-11-27 06:03:13.756935+00', true, '\x7f0864eb7108cd430510e5d553c032e7fdd8917c12fd0e6edde0917a5865c1dbf0bec14f7870979746a8d47e2b1ead8d', 843859),
	(150, 'idempotency keys', '2026-11-27 06:03:13.757951+00', true, '\xf48024f35b37bc88ba692c465a0353c34c352bd39328eb799526890a7562a16f10013376a01f8acd70e4db9c48df3855', 1445950),
	(190, 'mails by person and kind', '2026-11-27 06:03:13.759583+00', true, '\x6f40fb70e2f74fba5698477a2d6a2d03ad1993cfcc4c08dccabc8f21c6512e55068d80fb54f2c55664dcae86e7f8afac', 877268),
	(301, 'oldest program', '2026-11-27 06:03:13.760631+00', true, '\xd13235c3430145ab2bb6ff64801338a93120eeb5e504e2dd19698087b8a170e91fa604c15b578c7d48df5db7f797eeac', 532789),
	(373, 'trace of a mail', '2026-11-27 06:03:13.761296+00', true, '\x64f9dd3c5c06a8bbb442754c8f893920c16cf2f2255131d501fe83b7c122b141db7ea0b0dfe1b5e5932308fa45edba36', 5894044),
	(740, 'deleted texts', '2026-11-27 06:03:13.767386+00', true, '\x4741c4c8e0da244f5f81aa099442a819ddd4a3bdeb8e7d6cc6e182028c07e1c3566af8859549c1f4f6735faab2032b12', 602322),
	(741, 'mails with text', '2026-11-27 06:03:13.768815+00', true, '\x37e879bae162c0cf1c38b6bb520d4a2497d0e2fe2494321cb1986eca6857e36559450a72d48986d0f1bfe573e1714544', 805993);


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: email; Owner: -
--



--
-- Data for Name: people; Type: TABLE DATA; Schema: email; Owner: -
--

INSERT INTO email.people VALUES
	('01a21b99-cfde-7668-bcea-e663306723b0', 1, 'ann@example.org', 'ann@example.org', NULL),
	('01a21b99-d237-783d-afdb-99bbe68a9fa5', 1, 'ben@example.org', 'ben@example.org', NULL),
	('01a21b99-d5ad-7451-b560-4a97fe40b215', 1, 'anna@example.org', 'anna@example.org', NULL),
	('01a21b99-d801-7b7a-a434-4c4f1d39f1ec', 1, 'max@example.org', 'max@example.org', NULL);


--
-- Name: outbox_position_seq; Type: SEQUENCE SET; Schema: accounting; Owner: -
--

SELECT pg_catalog.setval('accounting.outbox_position_seq', 8, true);


--
-- Name: pricing_policies_version_seq; Type: SEQUENCE SET; Schema: accounting; Owner: -
--

SELECT pg_catalog.setval('accounting.pricing_policies_version_seq', 1, true);


--
-- Name: outbox_position_seq; Type: SEQUENCE SET; Schema: email; Owner: -
--

SELECT pg_catalog.setval('email.outbox_position_seq', 1, false);


--
-- Name: day_seals day_seals_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.day_seals
    ADD CONSTRAINT day_seals_pkey PRIMARY KEY (business_day);


--
-- Name: day_totals day_totals_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.day_totals
    ADD CONSTRAINT day_totals_pkey PRIMARY KEY (business_day, stripe);


--
-- Name: days days_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.days
    ADD CONSTRAINT days_pkey PRIMARY KEY (business_day);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key_hash);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (event_id);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY ("position");


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (person_id);


--
-- Name: prices prices_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (task_id);


--
-- Name: pricing_policies pricing_policies_once; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.pricing_policies
    ADD CONSTRAINT pricing_policies_once UNIQUE (fee_min_minor, fee_max_minor, reward_min_minor, reward_max_minor);


--
-- Name: pricing_policies pricing_policies_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.pricing_policies
    ADD CONSTRAINT pricing_policies_pkey PRIMARY KEY (version);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);


--
-- Name: top_tasks top_tasks_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.top_tasks
    ADD CONSTRAINT top_tasks_pkey PRIMARY KEY (completed_on);


--
-- Name: transfers transfers_business_key_unique; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.transfers
    ADD CONSTRAINT transfers_business_key_unique UNIQUE (business_key);


--
-- Name: transfers transfers_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.transfers
    ADD CONSTRAINT transfers_pkey PRIMARY KEY (transfer_id);


--
-- Name: wallets wallets_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.wallets
    ADD CONSTRAINT wallets_pkey PRIMARY KEY (person_id);


--
-- Name: withdrawals withdrawals_pkey; Type: CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.withdrawals
    ADD CONSTRAINT withdrawals_pkey PRIMARY KEY (transfer_id);


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
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key_hash);


--
-- Name: inbox inbox_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (event_id);


--
-- Name: mails mails_one_per_event; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.mails
    ADD CONSTRAINT mails_one_per_event UNIQUE (event_id, message_id);


--
-- Name: mails mails_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (id);


--
-- Name: migrations migrations_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);


--
-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY ("position");


--
-- Name: people people_pkey; Type: CONSTRAINT; Schema: email; Owner: -
--

ALTER TABLE ONLY email.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (person_id);


--
-- Name: days_one_open; Type: INDEX; Schema: accounting; Owner: -
--

CREATE UNIQUE INDEX days_one_open ON accounting.days USING btree ((true)) WHERE (closed_at IS NULL);


--
-- Name: idempotency_keys_age; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX idempotency_keys_age ON accounting.idempotency_keys USING btree (created_at);


--
-- Name: inbox_due; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX inbox_due ON accounting.inbox USING btree (next_attempt_at) WHERE (state = 'retry'::text);


--
-- Name: inbox_parked; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX inbox_parked ON accounting.inbox USING btree (event_id) WHERE (state = 'parked'::text);


--
-- Name: transfers_by_day; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX transfers_by_day ON accounting.transfers USING btree (business_day, transfer_id);


--
-- Name: transfers_by_task; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX transfers_by_task ON accounting.transfers USING btree (task_id, transfer_id) WHERE (task_id IS NOT NULL);


--
-- Name: transfers_lines; Type: INDEX; Schema: accounting; Owner: -
--

CREATE UNIQUE INDEX transfers_lines ON accounting.transfers USING btree (person_id, business_day, line);


--
-- Name: transfers_payouts; Type: INDEX; Schema: accounting; Owner: -
--

CREATE INDEX transfers_payouts ON accounting.transfers USING btree (business_day, person_id) WHERE (kind = 'payout'::text);


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
-- Name: idempotency_keys_age; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX idempotency_keys_age ON email.idempotency_keys USING btree (created_at);


--
-- Name: inbox_due; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX inbox_due ON email.inbox USING btree (next_attempt_at) WHERE (state = 'retry'::text);


--
-- Name: inbox_parked; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX inbox_parked ON email.inbox USING btree (event_id) WHERE (state = 'parked'::text);


--
-- Name: mails_by_kind; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX mails_by_kind ON email.mails USING btree (kind, id);


--
-- Name: mails_by_person; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX mails_by_person ON email.mails USING btree (person_id, id);


--
-- Name: mails_by_state; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX mails_by_state ON email.mails USING btree (state, id);


--
-- Name: mails_due; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX mails_due ON email.mails USING btree (next_attempt_at, id) WHERE (state = 'queued'::text);


--
-- Name: mails_one_per_day; Type: INDEX; Schema: email; Owner: -
--

CREATE UNIQUE INDEX mails_one_per_day ON email.mails USING btree (kind, person_id, business_day) WHERE (kind = 'payout_statement'::text);


--
-- Name: mails_with_text; Type: INDEX; Schema: email; Owner: -
--

CREATE INDEX mails_with_text ON email.mails USING btree (sent_at) WHERE ((state = 'sent'::text) AND (text_deleted_at IS NULL));


--
-- Name: day_seals day_seals_append_only; Type: TRIGGER; Schema: accounting; Owner: -
--

CREATE TRIGGER day_seals_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON accounting.day_seals FOR EACH STATEMENT EXECUTE FUNCTION accounting.refuse_change();


--
-- Name: transfers transfers_append_only; Type: TRIGGER; Schema: accounting; Owner: -
--

CREATE TRIGGER transfers_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON accounting.transfers FOR EACH STATEMENT EXECUTE FUNCTION accounting.refuse_change();


--
-- Name: withdrawals withdrawals_append_only; Type: TRIGGER; Schema: accounting; Owner: -
--

CREATE TRIGGER withdrawals_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON accounting.withdrawals FOR EACH STATEMENT EXECUTE FUNCTION accounting.refuse_change();


--
-- Name: jobs notify_workers; Type: TRIGGER; Schema: apalis; Owner: -
--

CREATE TRIGGER notify_workers AFTER INSERT ON apalis.jobs FOR EACH ROW EXECUTE FUNCTION apalis.notify_new_jobs();


--
-- Name: day_seals day_seals_business_day_fkey; Type: FK CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.day_seals
    ADD CONSTRAINT day_seals_business_day_fkey FOREIGN KEY (business_day) REFERENCES accounting.days(business_day);


--
-- Name: prices prices_policy_version_fkey; Type: FK CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.prices
    ADD CONSTRAINT prices_policy_version_fkey FOREIGN KEY (policy_version) REFERENCES accounting.pricing_policies(version);


--
-- Name: transfers transfers_reverses_fkey; Type: FK CONSTRAINT; Schema: accounting; Owner: -
--

ALTER TABLE ONLY accounting.transfers
    ADD CONSTRAINT transfers_reverses_fkey FOREIGN KEY (reverses) REFERENCES accounting.transfers(transfer_id);


--
-- Name: jobs fk_worker_lock_by; Type: FK CONSTRAINT; Schema: apalis; Owner: -
--

ALTER TABLE ONLY apalis.jobs
    ADD CONSTRAINT fk_worker_lock_by FOREIGN KEY (lock_by) REFERENCES apalis.workers(id);


--
-- PostgreSQL database dump complete
--


