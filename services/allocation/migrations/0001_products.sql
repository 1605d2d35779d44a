create table products (
  sku text primary key,
  version integer not null,
  moves integer not null
);

create table batches (
  ref text primary key,
  sku text not null references products,
  created_qty integer not null check (created_qty > 0),
  purchased_qty integer not null check (purchased_qty >= 0),
  eta date
);

create index batches_sku on batches (sku);

-- A line stands once in its product: in a batch, or waiting.
create table order_lines (
  sku text not null references products,
  order_id text not null,
  qty integer not null check (qty > 0),
  batch_ref text references batches,
  position integer not null,
  told boolean not null,
  primary key (sku, order_id)
);

create table allocations_view (
  order_id text not null,
  sku text not null,
  qty integer not null,
  batch_ref text,
  version integer not null,
  primary key (order_id, sku)
);
