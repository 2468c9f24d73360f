--
-- PostgreSQL database dump
--

\restrict haZeLWVdwP7onAoAVtBg951wdjTZ04wa9L8eqg2INPQEvl1UXxLG3Rsp9E3Yaou

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: budgets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.budgets (
    owner text NOT NULL,
    usd_per_month numeric NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_budgets_not_negative CHECK ((usd_per_month >= (0)::numeric))
);


--
-- Name: deadlines; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deadlines (
    instance_id text NOT NULL,
    since timestamp with time zone NOT NULL,
    number integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: deployment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deployment (
    only_row boolean DEFAULT true NOT NULL,
    id text NOT NULL,
    system_identifier text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_deployment_only_row CHECK (only_row)
);


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    id bigint NOT NULL,
    instance_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    generation integer NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);


--
-- Name: events_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: guards; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.guards (
    instance_id text NOT NULL,
    kind text NOT NULL,
    grace integer NOT NULL,
    told_at timestamp with time zone,
    asked_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    lease_token text,
    lease_until timestamp with time zone,
    error_code text,
    error text,
    CONSTRAINT ck_guards_kind CHECK ((kind = ANY (ARRAY['none'::text, 'scheduler'::text])))
);


--
-- Name: holds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.holds (
    kind text NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    by text NOT NULL,
    reason text NOT NULL
);


--
-- Name: instances; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instances (
    id text NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    scope_id integer NOT NULL,
    spec jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    desired text NOT NULL,
    why text NOT NULL,
    by text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    on_expiry text NOT NULL,
    generation integer NOT NULL,
    settled_generation integer DEFAULT 0 NOT NULL,
    failed_generation integer DEFAULT 0 NOT NULL,
    observed text NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    provider_id text,
    zone text DEFAULT ''::text NOT NULL,
    public_ip text,
    private_ip text,
    launched_at timestamp with time zone,
    launch_token text,
    error_code text,
    error text,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    lease_token text,
    lease_until timestamp with time zone,
    unsure jsonb DEFAULT '{}'::jsonb NOT NULL,
    drift_since timestamp with time zone,
    closed_at timestamp with time zone,
    keep_stopped integer,
    ends_at timestamp with time zone,
    protected boolean DEFAULT false NOT NULL,
    protected_at_cloud boolean DEFAULT false,
    protection_try_at timestamp with time zone,
    candidate integer DEFAULT 0 NOT NULL,
    spot_request text,
    spot_over boolean DEFAULT false NOT NULL,
    spot_try_at timestamp with time zone,
    interrupted_at timestamp with time zone,
    replaced_by text,
    CONSTRAINT ck_instances_desired CHECK ((desired = ANY (ARRAY['running'::text, 'stopped'::text, 'terminated'::text]))),
    CONSTRAINT ck_instances_failed_not_ahead CHECK ((failed_generation <= generation)),
    CONSTRAINT ck_instances_keep_stopped_positive CHECK ((keep_stopped > 0)),
    CONSTRAINT ck_instances_observed CHECK ((observed = ANY (ARRAY['none'::text, 'pending'::text, 'running'::text, 'stopping'::text, 'stopped'::text, 'terminating'::text, 'terminated'::text, 'missing'::text]))),
    CONSTRAINT ck_instances_on_expiry CHECK ((on_expiry = ANY (ARRAY['stop'::text, 'terminate'::text]))),
    CONSTRAINT ck_instances_settled_not_ahead CHECK ((settled_generation <= generation))
);


--
-- Name: launches; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.launches (
    token text NOT NULL,
    scope_id integer NOT NULL,
    spec jsonb NOT NULL,
    slots text[] NOT NULL,
    names text[] NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    called_at timestamp with time zone,
    next_attempt_at timestamp with time zone NOT NULL,
    lease_token text,
    lease_until timestamp with time zone,
    error_code text,
    error text,
    candidate integer DEFAULT 0 NOT NULL,
    round integer DEFAULT 0 NOT NULL,
    CONSTRAINT ck_launches_state CHECK ((state = ANY (ARRAY['open'::text, 'called'::text, 'done'::text, 'refused'::text, 'cancelled'::text, 'absent'::text])))
);


--
-- Name: leftovers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.leftovers (
    scope_id integer NOT NULL,
    provider_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    detail text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    condemned_at timestamp with time zone,
    condemned_by text,
    gone_at timestamp with time zone,
    error text
);


--
-- Name: nameless; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.nameless (
    instance_id text NOT NULL,
    due_at timestamp with time zone NOT NULL
);


--
-- Name: notices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.notices (
    id bigint NOT NULL,
    instance_id text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    stage integer NOT NULL,
    channel text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    lease_token text,
    lease_until timestamp with time zone,
    sent_at timestamp with time zone,
    error text,
    CONSTRAINT ck_notices_state CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'moved'::text, 'late'::text])))
);


--
-- Name: notices_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.notices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: orphans; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.orphans (
    scope_id integer NOT NULL,
    provider_id text NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    zone text DEFAULT ''::text NOT NULL,
    instance_type text DEFAULT ''::text NOT NULL,
    image text DEFAULT ''::text NOT NULL,
    public_ip text,
    private_ip text,
    launched_at timestamp with time zone,
    tags jsonb DEFAULT '{}'::jsonb NOT NULL,
    launch_token text,
    because text NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT ck_orphans_state CHECK ((state = ANY (ARRAY['none'::text, 'pending'::text, 'running'::text, 'stopping'::text, 'stopped'::text, 'terminating'::text, 'terminated'::text, 'missing'::text])))
);


--
-- Name: prices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.prices (
    provider text NOT NULL,
    region text NOT NULL,
    item text NOT NULL,
    market text NOT NULL,
    since timestamp with time zone NOT NULL,
    usd numeric NOT NULL,
    source text NOT NULL,
    fetched_at timestamp with time zone NOT NULL
);


--
-- Name: rates; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rates (
    scope_id integer NOT NULL,
    verb text NOT NULL,
    tokens double precision NOT NULL,
    at timestamp with time zone NOT NULL
);


--
-- Name: scopes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.scopes (
    id integer NOT NULL,
    provider text NOT NULL,
    account text NOT NULL,
    region text NOT NULL,
    cloud_account text,
    refreshed_at timestamp with time zone,
    failing_since timestamp with time zone,
    error_code text,
    error text,
    clock_skew double precision
);


--
-- Name: scopes_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.scopes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.scopes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: shards; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shards (
    scope_id integer NOT NULL,
    zone text NOT NULL,
    refreshed_at timestamp with time zone,
    error_code text,
    error text
);


--
-- Name: surveys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.surveys (
    scope_id integer NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    answered_at timestamp with time zone,
    error text
);


--
-- Name: ticks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ticks (
    name text NOT NULL,
    slot bigint NOT NULL,
    claimed_at timestamp with time zone NOT NULL
);


--
-- Name: usage; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.usage (
    instance_id text NOT NULL,
    kind text NOT NULL,
    number integer NOT NULL,
    began_at timestamp with time zone NOT NULL,
    began_exactly boolean NOT NULL,
    not_before timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    sure_until timestamp with time zone,
    address boolean DEFAULT false NOT NULL,
    disk_gb integer,
    disk_type text,
    CONSTRAINT ck_usage_ends_after_it_began CHECK ((ended_at >= began_at)),
    CONSTRAINT ck_usage_kind CHECK ((kind = ANY (ARRAY['run'::text, 'disk'::text])))
);


--
-- Name: user_data; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_data (
    id text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0015
\.


--
-- Data for Name: budgets; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.budgets (owner, usd_per_month, set_by, set_at) FROM stdin;
\.


--
-- Data for Name: deadlines; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deadlines (instance_id, since, number, expires_at) FROM stdin;
im-fe5w1qmkw7	2030-01-01 12:00:00+00	1	2030-01-01 13:00:00+00
im-asvtmtc2a9	2030-01-01 12:00:00+00	1	2030-01-01 12:01:00+00
im-1b5gzh8zfp	2030-01-01 12:00:00+00	1	2030-01-01 13:00:00+00
im-fe5w1qmkw7	2030-01-01 12:00:20+00	2	2030-01-01 15:00:00+00
\.


--
-- Data for Name: deployment; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deployment (only_row, id, system_identifier, created_at) FROM stdin;
t	80b55c79-cb83-484a-9a61-842f276ce738	7713614228157518290	2026-11-29 15:22:49.457515+00
\.


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.events (id, instance_id, at, kind, actor, reason, generation, detail) FROM stdin;
1	im-fe5w1qmkw7	2030-01-01 12:00:00+00	create requested	ada	small in fake-1a, until 2030-01-01 13:00:00 UTC	1	{}
2	im-asvtmtc2a9	2030-01-01 12:00:00+00	create requested	ada	small in fake-1a, until 2030-01-01 12:01:00 UTC	1	{}
3	im-1b5gzh8zfp	2030-01-01 12:00:00+00	create requested	ada	small in fake-1a, until 2030-01-01 13:00:00 UTC	1	{}
4	im-fe5w1qmkw7	2030-01-01 12:00:00+00	launch sent	im	small in fake-1a	1	{}
5	im-fe5w1qmkw7	2030-01-01 12:00:00+00	launched	cloud	fake-000001 in fake-1a	1	{}
6	im-asvtmtc2a9	2030-01-01 12:00:00+00	launch sent	im	small in fake-1a	1	{}
7	im-asvtmtc2a9	2030-01-01 12:00:00+00	launched	cloud	fake-000002 in fake-1a	1	{}
8	im-1b5gzh8zfp	2030-01-01 12:00:00+00	launch sent	im	small in fake-1a	1	{}
9	im-1b5gzh8zfp	2030-01-01 12:00:00+00	launched	cloud	fake-000003 in fake-1a	1	{}
10	im-asvtmtc2a9	2030-01-01 12:00:05+00	running	cloud	the cloud says running	1	{}
11	im-fe5w1qmkw7	2030-01-01 12:00:05+00	running	cloud	the cloud says running	1	{}
12	im-1b5gzh8zfp	2030-01-01 12:00:05+00	running	cloud	the cloud says running	1	{}
13	im-fe5w1qmkw7	2030-01-01 12:00:20+00	extended	ada	deadline 2030-01-01 13:00:00 → 2030-01-01 15:00:00 UTC	2	{}
14	im-1b5gzh8zfp	2030-01-01 12:00:20+00	terminate requested	ada	running → terminated	2	{}
15	im-1b5gzh8zfp	2030-01-01 12:00:20+00	terminate sent	im	it runs and should be gone	2	{}
16	im-1b5gzh8zfp	2030-01-01 12:00:20+00	terminating	cloud	the cloud says terminating	2	{}
17	im-1b5gzh8zfp	2030-01-01 12:00:25+00	terminated	cloud	the cloud says terminated	2	{}
18	im-asvtmtc2a9	2030-01-01 12:01:00+00	expired	ttl	its time was over at 12:01:00 UTC, noticed 0.0 s later; stop it	2	{"late_seconds": 0.0}
19	im-asvtmtc2a9	2030-01-01 12:01:00+00	stop sent	im	it runs and should be stopped	2	{}
20	im-asvtmtc2a9	2030-01-01 12:01:00+00	stopping	cloud	the cloud says stopping	2	{}
21	im-asvtmtc2a9	2030-01-01 12:01:05+00	stopped	cloud	the cloud says stopped	2	{}
\.


--
-- Data for Name: guards; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.guards (instance_id, kind, grace, told_at, asked_at, attempts, next_attempt_at, lease_token, lease_until, error_code, error) FROM stdin;
\.


--
-- Data for Name: holds; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.holds (kind, since, until, by, reason) FROM stdin;
\.


--
-- Data for Name: instances; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.instances (id, name, owner, scope_id, spec, created_at, desired, why, by, expires_at, on_expiry, generation, settled_generation, failed_generation, observed, observed_at, provider_id, zone, public_ip, private_ip, launched_at, launch_token, error_code, error, attempts, next_attempt_at, lease_token, lease_until, unsure, drift_since, closed_at, keep_stopped, ends_at, protected, protected_at_cloud, protection_try_at, candidate, spot_request, spot_over, spot_try_at, interrupted_at, replaced_by) FROM stdin;
im-fe5w1qmkw7	web	ada	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	2030-01-01 12:00:00+00	running	user	ada	2030-01-01 15:00:00+00	stop	2	2	0	running	2030-01-01 12:00:20+00	fake-000001	fake-1a	198.18.0.1	10.0.0.1	2030-01-01 12:00:00+00	b5d5162e-d0e1-436a-9e97-3a83f27bd3be	\N	\N	0	2030-01-01 12:00:22+00	\N	\N	{}	\N	\N	\N	\N	f	f	\N	0	\N	f	\N	\N	\N
im-asvtmtc2a9	nap	ada	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	2030-01-01 12:00:00+00	stopped	ttl	ttl	2030-01-01 12:01:00+00	stop	2	2	0	stopped	2030-01-01 12:01:05+00	fake-000002	fake-1a	\N	10.0.0.2	2030-01-01 12:00:00+00	daffe57b-a8c3-4de9-8b96-f4348568f1c9	\N	\N	0	2030-01-01 12:01:07+00	\N	\N	{}	\N	\N	\N	\N	f	f	\N	0	\N	f	\N	\N	\N
im-1b5gzh8zfp	gone	ada	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	2030-01-01 12:00:00+00	terminated	user	ada	2030-01-01 13:00:00+00	stop	2	2	0	terminated	2030-01-01 12:00:25+00	fake-000003	fake-1a	\N	10.0.0.3	2030-01-01 12:00:00+00	44b8e64a-a111-4a05-a372-46d793115547	\N	\N	0	2030-01-01 12:00:27+00	\N	\N	{}	\N	2030-01-01 12:00:25+00	\N	\N	f	f	\N	0	\N	f	\N	\N	\N
\.


--
-- Data for Name: launches; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.launches (token, scope_id, spec, slots, names, state, attempts, created_at, called_at, next_attempt_at, lease_token, lease_until, error_code, error, candidate, round) FROM stdin;
b5d5162e-d0e1-436a-9e97-3a83f27bd3be	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	{im-fe5w1qmkw7}	{web}	done	1	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	\N	\N	\N	\N	0	0
daffe57b-a8c3-4de9-8b96-f4348568f1c9	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	{im-asvtmtc2a9}	{nap}	done	1	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	\N	\N	\N	\N	0	0
44b8e64a-a111-4a05-a372-46d793115547	1	{"zone": "fake-1a", "image": "fake-image", "owner": "ada", "options": {}, "ssh_user": "fake", "public_key": "ssh-ed25519 AAAA test", "instance_type": "small"}	{im-1b5gzh8zfp}	{gone}	done	1	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	2030-01-01 12:00:00+00	\N	\N	\N	\N	0	0
\.


--
-- Data for Name: leftovers; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.leftovers (scope_id, provider_id, kind, name, detail, seen_at, condemned_at, condemned_by, gone_at, error) FROM stdin;
\.


--
-- Data for Name: nameless; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.nameless (instance_id, due_at) FROM stdin;
\.


--
-- Data for Name: notices; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.notices (id, instance_id, expires_at, stage, channel, state, attempts, created_at, next_attempt_at, lease_token, lease_until, sent_at, error) FROM stdin;
\.


--
-- Data for Name: orphans; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.orphans (scope_id, provider_id, first_seen_at, last_seen_at, state, zone, instance_type, image, public_ip, private_ip, launched_at, tags, launch_token, because, closed_at) FROM stdin;
\.


--
-- Data for Name: prices; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.prices (provider, region, item, market, since, usd, source, fetched_at) FROM stdin;
\.


--
-- Data for Name: rates; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.rates (scope_id, verb, tokens, at) FROM stdin;
\.


--
-- Data for Name: scopes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.scopes (id, provider, account, region, cloud_account, refreshed_at, failing_since, error_code, error, clock_skew) FROM stdin;
1	fake	default	fake-1	fake-account-default	2030-01-01 12:02:20+00	\N	\N	\N	0
\.


--
-- Data for Name: shards; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.shards (scope_id, zone, refreshed_at, error_code, error) FROM stdin;
\.


--
-- Data for Name: surveys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.surveys (scope_id, asked_at, answered_at, error) FROM stdin;
\.


--
-- Data for Name: ticks; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ticks (name, slot, claimed_at) FROM stdin;
refresh	378699842	2030-01-01 12:00:10+00
orphans	15779160	2030-01-01 12:00:10+00
usage	15779160	2030-01-01 12:00:10+00
prices	525972	2030-01-01 12:00:10+00
prune	3155832	2030-01-01 12:00:10+00
alarm	31558320	2030-01-01 12:00:10+00
refresh 1	378699842	2030-01-01 12:00:10+00
orphans 1	15779160	2030-01-01 12:00:10+00
refresh	378699844	2030-01-01 12:00:20+00
refresh 1	378699844	2030-01-01 12:00:20+00
refresh	378699846	2030-01-01 12:00:30+00
enforce_ttl	126233282	2030-01-01 12:00:30+00
refresh 1	378699846	2030-01-01 12:00:30+00
refresh	378699848	2030-01-01 12:00:40+00
refresh 1	378699848	2030-01-01 12:00:40+00
refresh	378699850	2030-01-01 12:00:50+00
refresh 1	378699850	2030-01-01 12:00:50+00
refresh	378699852	2030-01-01 12:01:00+00
alarm	31558321	2030-01-01 12:01:00+00
enforce_ttl	126233284	2030-01-01 12:01:00+00
refresh 1	378699852	2030-01-01 12:01:00+00
refresh	378699854	2030-01-01 12:01:10+00
refresh 1	378699854	2030-01-01 12:01:10+00
refresh	378699856	2030-01-01 12:01:20+00
refresh 1	378699856	2030-01-01 12:01:20+00
refresh	378699858	2030-01-01 12:01:30+00
enforce_ttl	126233286	2030-01-01 12:01:30+00
refresh 1	378699858	2030-01-01 12:01:30+00
refresh	378699860	2030-01-01 12:01:40+00
refresh 1	378699860	2030-01-01 12:01:40+00
refresh	378699862	2030-01-01 12:01:50+00
refresh 1	378699862	2030-01-01 12:01:50+00
refresh	378699864	2030-01-01 12:02:00+00
orphans	15779161	2030-01-01 12:02:00+00
usage	15779161	2030-01-01 12:02:00+00
alarm	31558322	2030-01-01 12:02:00+00
enforce_ttl	126233288	2030-01-01 12:02:00+00
refresh 1	378699864	2030-01-01 12:02:00+00
orphans 1	15779161	2030-01-01 12:02:00+00
refresh	378699866	2030-01-01 12:02:10+00
refresh 1	378699866	2030-01-01 12:02:10+00
refresh	378699868	2030-01-01 12:02:20+00
refresh 1	378699868	2030-01-01 12:02:20+00
\.


--
-- Data for Name: usage; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.usage (instance_id, kind, number, began_at, began_exactly, not_before, ended_at, sure_until, address, disk_gb, disk_type) FROM stdin;
im-fe5w1qmkw7	disk	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	\N	\N	f	100	fast
im-asvtmtc2a9	disk	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	\N	\N	f	100	fast
im-fe5w1qmkw7	run	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	\N	\N	t	\N	\N
im-1b5gzh8zfp	run	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	2030-01-01 12:00:20+00	\N	t	\N	\N
im-1b5gzh8zfp	disk	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	2030-01-01 12:00:20+00	\N	f	100	fast
im-asvtmtc2a9	run	1	2030-01-01 12:00:00+00	t	2030-01-01 12:00:00+00	2030-01-01 12:01:00+00	\N	t	\N	\N
\.


--
-- Data for Name: user_data; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.user_data (id, content, created_at) FROM stdin;
\.


--
-- Name: events_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.events_id_seq', 21, true);


--
-- Name: notices_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.notices_id_seq', 1, false);


--
-- Name: scopes_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.scopes_id_seq', 6, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: budgets pk_budgets; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.budgets
    ADD CONSTRAINT pk_budgets PRIMARY KEY (owner);


--
-- Name: deadlines pk_deadlines; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT pk_deadlines PRIMARY KEY (instance_id, number);


--
-- Name: deployment pk_deployment; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deployment
    ADD CONSTRAINT pk_deployment PRIMARY KEY (only_row);


--
-- Name: events pk_events; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (id);


--
-- Name: guards pk_guards; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guards
    ADD CONSTRAINT pk_guards PRIMARY KEY (instance_id);


--
-- Name: holds pk_holds; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.holds
    ADD CONSTRAINT pk_holds PRIMARY KEY (kind);


--
-- Name: instances pk_instances; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT pk_instances PRIMARY KEY (id);


--
-- Name: launches pk_launches; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.launches
    ADD CONSTRAINT pk_launches PRIMARY KEY (token);


--
-- Name: leftovers pk_leftovers; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leftovers
    ADD CONSTRAINT pk_leftovers PRIMARY KEY (scope_id, provider_id);


--
-- Name: nameless pk_nameless; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.nameless
    ADD CONSTRAINT pk_nameless PRIMARY KEY (instance_id);


--
-- Name: notices pk_notices; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT pk_notices PRIMARY KEY (id);


--
-- Name: orphans pk_orphans; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orphans
    ADD CONSTRAINT pk_orphans PRIMARY KEY (scope_id, provider_id);


--
-- Name: prices pk_prices; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.prices
    ADD CONSTRAINT pk_prices PRIMARY KEY (provider, region, item, market, since);


--
-- Name: rates pk_rates; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rates
    ADD CONSTRAINT pk_rates PRIMARY KEY (scope_id, verb);


--
-- Name: scopes pk_scopes; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scopes
    ADD CONSTRAINT pk_scopes PRIMARY KEY (id);


--
-- Name: shards pk_shards; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shards
    ADD CONSTRAINT pk_shards PRIMARY KEY (scope_id, zone);


--
-- Name: surveys pk_surveys; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.surveys
    ADD CONSTRAINT pk_surveys PRIMARY KEY (scope_id);


--
-- Name: ticks pk_ticks; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ticks
    ADD CONSTRAINT pk_ticks PRIMARY KEY (name, slot);


--
-- Name: usage pk_usage; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT pk_usage PRIMARY KEY (instance_id, kind, number);


--
-- Name: user_data pk_user_data; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_data
    ADD CONSTRAINT pk_user_data PRIMARY KEY (id);


--
-- Name: notices uq_notices_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT uq_notices_once UNIQUE (instance_id, expires_at, stage, channel);


--
-- Name: scopes uq_scopes_place; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.scopes
    ADD CONSTRAINT uq_scopes_place UNIQUE (provider, account, region);


--
-- Name: ix_events_instance_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_events_instance_id ON public.events USING btree (instance_id, id);


--
-- Name: ix_instances_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_due ON public.instances USING btree (expires_at) WHERE ((closed_at IS NULL) AND (desired <> 'terminated'::text));


--
-- Name: ix_instances_live; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_live ON public.instances USING btree (scope_id, id) WHERE (closed_at IS NULL);


--
-- Name: ix_instances_machine; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_machine ON public.instances USING btree (scope_id, provider_id);


--
-- Name: ix_instances_protection; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_protection ON public.instances USING btree (scope_id) WHERE ((closed_at IS NULL) AND (protected IS DISTINCT FROM protected_at_cloud));


--
-- Name: ix_instances_second_stage; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_second_stage ON public.instances USING btree (expires_at) WHERE ((closed_at IS NULL) AND (desired = 'stopped'::text) AND (keep_stopped IS NOT NULL));


--
-- Name: ix_instances_spot_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_spot_open ON public.instances USING btree (scope_id) WHERE ((closed_at IS NOT NULL) AND (spot_request IS NOT NULL) AND (NOT spot_over));


--
-- Name: ix_instances_taken_back; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_taken_back ON public.instances USING btree (closed_at) WHERE ((closed_at IS NOT NULL) AND (interrupted_at IS NOT NULL) AND (replaced_by IS NULL));


--
-- Name: ix_instances_unsettled; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_unsettled ON public.instances USING btree (scope_id, desired, observed, expires_at) WHERE ((closed_at IS NULL) AND (settled_generation < generation));


--
-- Name: ix_launches_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_launches_open ON public.launches USING btree (scope_id, next_attempt_at) WHERE (state = ANY (ARRAY['open'::text, 'called'::text]));


--
-- Name: ix_notices_pending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_notices_pending ON public.notices USING btree (next_attempt_at) WHERE (state = 'pending'::text);


--
-- Name: ix_orphans_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_orphans_open ON public.orphans USING btree (scope_id) WHERE (closed_at IS NULL);


--
-- Name: ix_usage_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_usage_open ON public.usage USING btree (instance_id, kind) WHERE (ended_at IS NULL);


--
-- Name: uq_instances_living_machine; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_instances_living_machine ON public.instances USING btree (scope_id, provider_id) WHERE (closed_at IS NULL);


--
-- Name: uq_instances_living_name; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_instances_living_name ON public.instances USING btree (name) WHERE (closed_at IS NULL);


--
-- Name: deadlines fk_deadlines_instance_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deadlines
    ADD CONSTRAINT fk_deadlines_instance_id FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- Name: events fk_events_instance_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT fk_events_instance_id FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- Name: guards fk_guards_instance_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guards
    ADD CONSTRAINT fk_guards_instance_id FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- Name: instances fk_instances_launch_token; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT fk_instances_launch_token FOREIGN KEY (launch_token) REFERENCES public.launches(token);


--
-- Name: instances fk_instances_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT fk_instances_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: launches fk_launches_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.launches
    ADD CONSTRAINT fk_launches_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: leftovers fk_leftovers_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leftovers
    ADD CONSTRAINT fk_leftovers_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: nameless fk_nameless_instance_id_instances; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.nameless
    ADD CONSTRAINT fk_nameless_instance_id_instances FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- Name: notices fk_notices_instance_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.notices
    ADD CONSTRAINT fk_notices_instance_id FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- Name: orphans fk_orphans_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orphans
    ADD CONSTRAINT fk_orphans_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: rates fk_rates_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rates
    ADD CONSTRAINT fk_rates_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: shards fk_shards_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shards
    ADD CONSTRAINT fk_shards_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: surveys fk_surveys_scope_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.surveys
    ADD CONSTRAINT fk_surveys_scope_id FOREIGN KEY (scope_id) REFERENCES public.scopes(id);


--
-- Name: usage fk_usage_instance_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_instance_id FOREIGN KEY (instance_id) REFERENCES public.instances(id);


--
-- PostgreSQL database dump complete
--

\unrestrict haZeLWVdwP7onAoAVtBg951wdjTZ04wa9L8eqg2INPQEvl1UXxLG3Rsp9E3Yaou

