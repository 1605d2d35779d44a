create table notifications (
  id uuid primary key,
  version integer not null,
  -- Drawn under a lock: the order of positions is that of the commits.
  position bigint generated always as identity unique,
  recipient text not null,
  subject text not null,
  text text not null,
  caused_by text not null,
  status text not null check (status in ('pending', 'sent', 'failed')),
  sent_at text
);

create index notifications_recipient on notifications (recipient, position);

create table watched_orders (
  order_id text primary key,
  version integer not null
);

create table watchers (
  order_id text not null references watched_orders,
  email text not null,
  primary key (order_id, email)
);

-- The latest that is known of each line.
create table facts (
  order_id text not null references watched_orders,
  sku text not null,
  kind text not null check (kind in ('allocated', 'deallocated')),
  qty integer not null,
  batch_ref text not null,
  version integer not null,
  event_id text not null,
  primary key (order_id, sku)
);
