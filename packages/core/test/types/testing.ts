import { z } from 'zod'
import type { HandlerContext } from '../../src/internal-bus/handlers.ts'
import type { MessageBus } from '../../src/internal-bus/message-bus.ts'
import { command, event } from '../../src/messages/declare.ts'
import { defineDomain } from '../../src/messages/define-domain.ts'
import type { System } from '../../src/messages/define-system.ts'
import type { MessageOf } from '../../src/messages/definitions.ts'
import type { OutboxQueue } from '../../src/outbox/outbox.ts'
import { given } from '../../src/testing/given.ts'
import { startRun } from '../../src/testing/start-run.ts'
import type { UnitOfWork, UnitsOfWork } from '../../src/unit-of-work/unit-of-work.ts'

const sku = z.object({ sku: z.string() })
const stock = defineDomain('stock', {
  commands: { Take: command({ input: sku, output: z.object({ left: z.number() }), allow: ['shop'] }) },
  events: { Taken: event(sku) },
})
declare const system: System
declare const bus: MessageBus
declare const outbox: OutboxQueue
declare const units: UnitsOfWork<{ readonly items: number }, 'stock'>

export async function runs() {
  const run = await startRun({
    system,
    services: {
      stock: ({ externalBus }) => {
        const own: 'stock' = externalBus.domain
        return { bus, outbox, own }
      },
    },
  })
  const own: 'stock' = run.services.stock.own
  // @ts-expect-error it has no such service
  void run.services.shop

  const [taken] = run.published(stock.events.Taken)
  const name: string | undefined = taken?.sku
  // @ts-expect-error the contract knows no such field
  void taken?.qty
  const [handled] = run.handled(stock.commands.Take)
  const asked: string | undefined = handled?.message.payload.sku
  const { left }: { left: number } = await run.handle(stock.commands.Take({ sku: 'lamp' }))
  await run.as('shop').call(stock.commands.Take({ sku: 'lamp' }))
  // @ts-expect-error the contract does not let the web take
  await run.as('web').call(stock.commands.Take({ sku: 'lamp' }))

  run.answer(stock.commands.Take, ({ payload }) => ({ left: payload.sku.length }))
  // @ts-expect-error that is no answer
  run.answer(stock.commands.Take, () => ({ right: 1 }))
  return [own, name, asked, left]
}

export async function handlers() {
  type Take = MessageOf<typeof stock.commands.Take>
  type Unit = UnitOfWork<{ readonly items: number }, 'stock'>
  const take = async (_command: Take, { items }: Unit) => ({ left: items })
  const then = await given(units).when(take, stock.commands.Take({ sku: 'lamp' }))
  const { left }: { left: number } = then.gives({ left: 1 }).result
  // @ts-expect-error that is not what it gives
  then.gives({ right: 1 })
  // @ts-expect-error the handler is for another message
  await given(units).when(take, stock.events.Taken({ sku: 'lamp' }))

  const rated = (_command: Take, _unit: Unit, { dependencies }: HandlerContext<{ rate: number }>) =>
    dependencies.rate
  await given(units).when(rated, stock.commands.Take({ sku: 'lamp' }), { dependencies: { rate: 1 } })
  // @ts-expect-error the rate is a number
  await given(units).when(rated, stock.commands.Take({ sku: 'lamp' }), { dependencies: { rate: 'high' } })
  const other = (_command: Take, _unit: UnitOfWork<{ readonly shelves: number }>) => 0
  // @ts-expect-error the units have no shelves
  await given(units).when(other, stock.commands.Take({ sku: 'lamp' }))
  return left
}
