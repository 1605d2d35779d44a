import {
  createMessageBus,
  detached,
  type MessageOf,
  type Middleware,
  type OutboxQueue,
  type UnitOfWork,
  type UnitsOfWork,
} from '@posthorn/core'
import type { PostgresDriver } from '@posthorn/uow-drizzle'
import { desk, type Flavour } from '../system.ts'
import type { Effects } from './effects.ts'

const { events } = desk

/** A detached handler's lease, which is 5 s longer, has to run out before another process goes on with its work. */
const HANDLER_TIMEOUT = 10_000

type Unit = UnitOfWork<{ readonly effects: Effects }, 'desk'>

interface Order {
  readonly id: string
  readonly payload: { readonly key: string; readonly flavour: Flavour }
}

/** The desk's message bus: one order takes part in as many kinds of handlers as its flavour asks for. */
export function deskBus(parts: {
  readonly units: UnitsOfWork<{ readonly effects: Effects }, 'desk'>
  readonly outbox: OutboxQueue
  readonly driver: PostgresDriver
  readonly middleware: Middleware
}) {
  const { units, outbox, driver, middleware } = parts
  return createMessageBus({
    domain: desk,
    units,
    outbox,
    middleware: [middleware],
    handlerTimeout: HANDLER_TIMEOUT,
    onError: () => undefined,
    handlers: {
      commands: {
        Place: async (command, unit) => {
          const { key, flavour } = command.payload
          if (flavour === 'doomed') throw new desk.errors.Doomed({ key })
          await place(command, unit)
        },
        Ask: place,
      },
      events: {
        Noted: {
          follow: async ({ payload }, { effects }, { attempt }) => {
            if (payload.flavour === 'stubborn' && attempt === 1) throw new Error('Not at the first attempt')
            await effects.write('followed', { message: payload.order })
          },
        },
        Told: {
          tell: detached(async ({ payload: { order, flavour } }: MessageOf<typeof events.Told>, outgoing) => {
            await driver.query('insert into told (message) values ($1)', [order])
            outgoing.publish(events.Heard({ order, flavour }))
          }),
        },
        Heard: {
          hear: ({ payload }, { effects }) => effects.write('heard', { message: payload.order }),
        },
      },
    },
  })
}

async function place({ id, payload }: Order, unit: Unit): Promise<{ readonly n: number }> {
  const { key, flavour } = payload
  const { effects } = unit
  const n = await effects.count(key)
  await effects.write('placed', { message: id, key, n })
  if (flavour === 'savepoint') await takeSavepoints(id, unit)
  unit.publish(events.Placed({ order: id, key, flavour, n }))
  if (flavour === 'follow' || flavour === 'stubborn') unit.publish(events.Noted({ order: id, flavour }))
  if (flavour === 'tell') unit.publish(events.Told({ order: id, flavour }))
  return { n }
}

async function takeSavepoints(message: string, { effects, savepoint }: Unit): Promise<void> {
  await savepoint(() => effects.write('kept', { message }))
  const failing = savepoint(async () => {
    await effects.write('undone', { message })
    throw new Error('To be undone')
  })
  await failing.catch(() => undefined)
}
