create table posthorn_outbox (
  position bigint generated always as identity primary key,
  handler text,
  key text,
  depth integer not null,
  message_id text not null,
  type text not null,
  kind text not null,
  version integer not null,
  time text not null,
  correlation_id text not null,
  causation_id text,
  traceparent text,
  body text not null,
  created_at timestamptz not null default clock_timestamp(),
  available_at timestamptz not null,
  leased_until timestamptz,
  attempts integer not null default 0,
  reason text,
  died_at timestamptz
);

create index posthorn_outbox_local on posthorn_outbox (position) where handler is not null;
create index posthorn_outbox_blocked on posthorn_outbox (key, position) where attempts > 0;

create table posthorn_inbox (
  consumer text not null,
  source text not null,
  message_id text not null,
  fingerprint text not null,
  received_at timestamptz not null default clock_timestamp(),
  outcome text,
  primary key (consumer, source, message_id)
);

create index posthorn_inbox_received_at on posthorn_inbox (received_at);
