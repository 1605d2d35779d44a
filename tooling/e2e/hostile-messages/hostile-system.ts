import { bootstrap as bootstrapAllocation, loadConfig as loadAllocationConfig } from '@posthorn/allocation'
import { system } from '@posthorn/contracts'
import {
  type BrokerLink,
  createExternalBus,
  deadQueue,
  type ExternalBusOptions,
  type Frame,
} from '@posthorn/core/transport'
import {
  bootstrap as bootstrapNotifications,
  loadConfig as loadNotificationsConfig,
} from '@posthorn/notifications'
import { freshDatabase } from '../../fixtures/postgres.ts'
import { eventually } from '../../running-system/eventually.ts'
import { type Door, doorsOf } from './doors.ts'
import { Ledger } from './ledger.ts'
import type { Testbed } from './testbed.ts'

type DeliveryFailure = Parameters<NonNullable<ExternalBusOptions['onError']>>[0]
type RawMessage = Pick<Frame, 'body' | 'properties'>

/** A message that was given up. */
export interface DeadLetter {
  readonly appId: string | undefined
  readonly reason: string
}

/** An answer to a call from outside. */
export interface Answer {
  readonly callId: unknown
  readonly type: string | undefined
  readonly body: string
}

/** Both services in this process, on a real database, and everybody who may send them something. */
export interface HostileSystem extends AsyncDisposable {
  readonly doors: readonly Door[]
  readonly ledger: Ledger
  /** What the services reported of deliveries that did not end well. */
  readonly failures: DeliveryFailure[]
  /** Taken out of the dead queues as they come. */
  readonly deadLetters: DeadLetter[]
  readonly answers: Answer[]
  /** Subjects of the mails that were sent. */
  readonly mails: Set<string>
  /** Publishes through a door in the name of its user. */
  send(door: Door, message: RawMessage): Promise<void>
  /** The same without a user-id. */
  sendAnonymously(door: Door, message: RawMessage): Promise<void>
  /** Waits until all that was sent has come to an end. */
  drained(deadline: number): Promise<void>
}

const PUBLISH_DEADLINE = 30_000
const quiet = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }

export async function startHostileSystem(testbed: Testbed): Promise<HostileSystem> {
  const { namespace, plan, administrator } = testbed
  const databases = [await freshDatabase(), await freshDatabase()] as const
  const ledger = new Ledger(plan)
  const failures: DeliveryFailure[] = []
  const deadLetters: DeadLetter[] = []
  const answers: Answer[] = []
  const mails = new Set<string>()

  const busOf = <const D extends string>(domain: D) =>
    createExternalBus({
      domain,
      system,
      broker: ledger.watch(testbed.broker(domain)),
      onError: (failure) => failures.push(failure),
      ...(namespace === undefined ? {} : { namespace }),
    })
  const buses = [busOf('allocation'), busOf('notifications')] as const
  const common = { POSTHORN_AMQP_URL: 'amqp://given', LOG_LEVEL: 'silent' }
  const services = await Promise.all([
    bootstrapAllocation(
      loadAllocationConfig({ ...common, DATABASE_URL: databases[0].url, ALLOCATION_PORT: '0' }),
      { externalBus: buses[0] },
    ),
    bootstrapNotifications(
      loadNotificationsConfig({
        ...common,
        DATABASE_URL: databases[1].url,
        NOTIFICATIONS_PORT: '0',
        SMTP_URL: 'smtp://127.0.0.1:1',
      }),
      {
        externalBus: buses[1],
        mailer: {
          send: async ({ subject }) => {
            mails.add(subject)
            return { refused: null }
          },
        },
      },
    ),
  ])
  await Promise.all(services.map((service) => service.start()))
  const connected = () => buses.every((bus) => bus.health().state === 'up') || undefined
  await eventually(connected, 'both services to be connected')

  const links = new Map<string, Promise<BrokerLink>>()
  const linkOf = (user: string, vhost: string) => {
    const key = `${user} ${vhost}`
    const known = links.get(key)
    if (known !== undefined) return known
    const link = ledger
      .watch(testbed.broker(user))
      .open(vhost, { ...quiet, onReply: (frame) => void answers.push(answerOf(frame)) })
    links.set(key, link)
    return link
  }
  const doors = doorsOf(plan)
  const vhostOf = ({ domain }: Pick<Door, 'domain'>) =>
    plan.vhosts.find(({ owner }) => owner === domain)?.name ?? domain

  // What the warehouse is told concerns nobody here.
  const warehouse = await linkOf('warehouse', vhostOf({ domain: 'allocation' }))
  await warehouse.consume('warehouse.q.events', { prefetch: 200 }, (incoming) => incoming.ack())
  for (const [vhost, queues] of deadQueuesOf(doors, vhostOf)) {
    const link = await testbed.broker(administrator).open(vhost, quiet)
    links.set(`${administrator} ${vhost}`, Promise.resolve(link))
    for (const queue of queues) {
      await link.consume(deadQueue(queue), { prefetch: 200 }, (incoming) => {
        const { appId, headers = {} } = incoming.frame.properties
        // The copies that a service makes have no such header, whatever the sender put there.
        const byBroker = 'x-first-death-queue' in headers
        const reason = byBroker ? `broker: ${headers['x-first-death-reason']}` : headers['x-posthorn-reason']
        ledger.died(vhost, queue, byBroker)
        deadLetters.push({ appId, reason: String(reason) })
        incoming.ack()
      })
    }
  }

  return {
    doors,
    ledger,
    failures,
    deadLetters,
    answers,
    mails,
    send: async (door, { body, properties }) => {
      const { exchange, routingKey } = door
      const link = await linkOf(door.user, vhostOf(door))
      await link.publish({ exchange, routingKey, body, properties }, PUBLISH_DEADLINE)
    },
    sendAnonymously: async (door, message) => {
      const { user, exchange, routingKey } = door
      await testbed.publishAnonymously(user, vhostOf(door), { exchange, routingKey, ...message })
      ledger.published(vhostOf(door), door)
    },
    drained: async (deadline) => {
      await eventually(
        () => ledger.open().length === 0 || undefined,
        () => `all to come to its end: ${ledger.open().join('; ')}`,
        deadline,
      )
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...links.values()].map(async (link) => (await link).close(2_000)))
      await Promise.all(services.map((service) => service.stop()))
      await Promise.all(databases.map((database) => database.dispose()))
      await testbed.dispose()
    },
  }
}

/** By vhost, the work queues that have a dead queue: calls leave no dead letters. */
function deadQueuesOf(
  doors: readonly Door[],
  vhostOf: (door: Door) => string,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const door of doors) {
    if (door.answered) continue
    const queues = found.get(vhostOf(door)) ?? new Set()
    found.set(vhostOf(door), queues.add(door.queue))
  }
  return found
}

function answerOf({ properties, body }: Frame): Answer {
  return {
    callId: properties.headers?.['x-posthorn-causation-id'],
    type: properties.type,
    body: Buffer.from(body).toString(),
  }
}
