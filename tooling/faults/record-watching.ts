import postgres from 'postgres'
import type { Databases } from '../running-system/databases.ts'

/**
 * Has the notifications database write down who begins to watch an order and which events it learns of, in the order of
 * the commits. On that it depends who must be told what, and the tables do not tell it. Both are written under the
 * order's lock, so that places are drawn in that order too.
 */
export async function recordWatching(databases: Databases): Promise<void> {
  const url = databases.url('notifications')
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined })
  try {
    await sql.unsafe(`
      create table fault_machine_watching (
        place bigint generated always as identity primary key,
        order_id text not null, email text, event_id text
      );
      create function fault_machine_watch() returns trigger language plpgsql as $$ begin
        insert into fault_machine_watching (order_id, email) values (new.order_id, new.email);
        return null;
      end $$;
      create function fault_machine_learn() returns trigger language plpgsql as $$ begin
        insert into fault_machine_watching (order_id, event_id) values (new.order_id, new.event_id);
        return null;
      end $$;
      create trigger fault_machine after insert on watchers
        for each row execute function fault_machine_watch();
      create trigger fault_machine after insert or update on facts
        for each row execute function fault_machine_learn();`)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
