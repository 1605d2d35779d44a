-- In the order in which units of work take them.
lock table products, batches, order_lines in access exclusive mode;

drop index order_lines_batch;
alter table order_lines rename to lines;
create index lines_waiting on lines (sku) where batch_ref is null;

-- What lines have of a batch is counted with each of them, so that a batch can be found without its lines.
alter table batches add allocated_qty integer not null default 0 check (allocated_qty >= 0);
update batches set allocated_qty = held.qty
  from (select batch_ref, sum(qty) as qty from lines group by batch_ref) as held where held.batch_ref = batches.ref;
alter table batches
  add available_qty integer not null generated always as (purchased_qty - allocated_qty) stored;

-- The first batch that has enough, in the order in which they are drawn upon.
create index batches_with_room on batches (sku, eta nulls first, ref, available_qty) where available_qty > 0;

-- Instances of the version before know `order_lines` and do not count: while they run, this does it for them.
create view order_lines as select * from lines;

create function count_order_line() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update batches set allocated_qty = allocated_qty - old.qty where ref = old.batch_ref;
    delete from lines where sku = old.sku and order_id = old.order_id;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  update batches set allocated_qty = allocated_qty + new.qty where ref = new.batch_ref;
  insert into lines select new.*;
  return new;
end $$;

create trigger order_lines_counted instead of insert or update or delete on order_lines
  for each row execute function count_order_line();
