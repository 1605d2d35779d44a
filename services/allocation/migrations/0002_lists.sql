drop index batches_sku;

-- Names go by the order of their code points, as in the programs that page through them. All of them, since an index
-- serves only comparisons of its own collation.
alter table products alter sku type text collate "C";
alter table batches alter ref type text collate "C", alter sku type text collate "C";
alter table order_lines
  alter sku type text collate "C",
  alter order_id type text collate "C",
  alter batch_ref type text collate "C";
alter table allocations_view
  alter order_id type text collate "C",
  alter sku type text collate "C",
  alter batch_ref type text collate "C";

create index batches_sku on batches (sku, ref);

-- What is available of a batch is what its lines have not. Lines that wait are only ever sought by their product.
create index order_lines_batch on order_lines (batch_ref) include (qty) where batch_ref is not null;
