-- A line may be cancelled, and then perhaps had no batch.
alter table facts
  drop constraint facts_kind_check,
  add constraint facts_kind_check check (kind in ('allocated', 'deallocated', 'cancelled')),
  alter batch_ref drop not null;
