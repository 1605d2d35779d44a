create table posthorn_inbox (
  consumer text not null,
  source text not null,
  message_id text not null,
  fingerprint text not null,
  received_at timestamp with time zone default clock_timestamp() not null,
  outcome text,
  constraint posthorn_inbox_pkey PRIMARY KEY (consumer, source, message_id)
);

CREATE INDEX posthorn_inbox_received_at ON posthorn_inbox USING btree (received_at);

create table posthorn_migrations (
  name text not null,
  hash text not null,
  applied_at timestamp with time zone default now() not null,
  constraint posthorn_migrations_pkey PRIMARY KEY (name)
);

create table posthorn_outbox (
  "position" bigint generated always as identity not null,
  handler text,
  key text,
  depth integer not null,
  message_id text not null,
  type text not null,
  kind text not null,
  version integer not null,
  "time" text not null,
  correlation_id text not null,
  causation_id text,
  traceparent text,
  body text not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  available_at timestamp with time zone not null,
  leased_until timestamp with time zone,
  attempts integer default 0 not null,
  reason text,
  died_at timestamp with time zone,
  constraint posthorn_outbox_pkey PRIMARY KEY ("position")
);

CREATE INDEX posthorn_outbox_blocked ON posthorn_outbox USING btree (key, "position") WHERE (attempts > 0);

CREATE INDEX posthorn_outbox_local ON posthorn_outbox USING btree ("position") WHERE (handler IS NOT NULL);
