import type { QueuePlan } from '@posthorn/core/transport'
import type { Journal, Order } from '../journal.ts'
import type { World } from '../world.ts'

interface Placed {
  readonly message: string
  readonly key: string
  readonly n: number
}

/** What there is in a world when all is done. */
export interface Facts {
  readonly orders: readonly Order[]
  readonly placed: readonly Placed[]
  readonly counters: readonly { readonly key: string; readonly n: number }[]
  /** In the order in which they were written. */
  readonly booked: readonly (Placed & { readonly event: string })[]
  readonly kept: readonly string[]
  readonly undone: readonly string[]
  readonly followed: readonly string[]
  readonly told: readonly string[]
  readonly heard: readonly string[]
  readonly deskInbox: readonly InboxRow[]
  readonly booksInbox: readonly InboxRow[]
  /** Entries in both outboxes, the dead ones too. */
  readonly outbox: number
  readonly ordered: boolean
}

export interface InboxRow {
  readonly message: string
  readonly source: string
}

export async function readFacts({ desk, books, orders }: World, journal: Journal): Promise<Facts> {
  const messages = async (table: string) => {
    const rows = await desk<{ message: string }[]>`select message from ${desk(table)}`
    return rows.map(({ message }) => message)
  }
  const inbox = (sql: World['desk']) =>
    sql<InboxRow[]>`select message_id as message, source from posthorn_inbox`
  const entries = async (sql: World['desk']) => (await sql`select from posthorn_outbox`).length
  return {
    orders: [...journal.orders.values()],
    placed: await desk<Placed[]>`select message, key, n from placed`,
    counters: await desk<Facts['counters'][number][]>`select key, n from counters`,
    booked: await books<Facts['booked'][number][]>`select event, message, key, n from booked order by seq`,
    kept: await messages('kept'),
    undone: await messages('undone'),
    followed: await messages('followed'),
    told: await messages('told'),
    heard: await messages('heard'),
    deskInbox: await inbox(desk),
    booksInbox: await inbox(books),
    outbox: (await entries(desk)) + (await entries(books)),
    ordered: orders.ordered,
  }
}

/** What is in the queues of a world: the ids of messages by queue, empty ones left out. */
export async function readQueues({
  plan,
  management,
}: World): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const { name: vhost, queues } of plan.vhosts) {
    for (const queue of queues) {
      const ids = isSingle(queue)
        ? await countOnly(management, vhost, queue.name)
        : (await management.deadLetters(vhost, queue.name)).map(
            ({ properties }) => properties.message_id ?? '?',
          )
      if (ids.length > 0) found.set(queue.name, ids)
    }
  }
  return found
}

function isSingle(queue: QueuePlan): boolean {
  return queue.arguments['x-single-active-consumer'] === true
}

/** Where only one may read, nobody may look; the figures are up to five seconds old. */
async function countOnly(management: World['management'], vhost: string, name: string) {
  const state = (await management.queues(vhost)).find((queue) => queue.name === name)
  return Array<string>(state?.messages ?? 0).fill('something')
}
