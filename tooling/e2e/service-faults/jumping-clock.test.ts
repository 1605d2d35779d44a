import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../../demo/allocation-client.ts'
import { type EventTap, startEventTap } from '../../faults/event-tap.ts'
import { eventually } from '../../running-system/eventually.ts'
import { observedSystem } from '../../running-system/observed-system.ts'
import { projectRoot } from '../../running-system/project-root.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { inParallelBy } from '../in-parallel-by.ts'
import { expectInOrder, orderLines } from './order-lines.ts'

let running: RunningSystem
let tap: EventTap

beforeAll(async () => {
  const preloaded = pathToFileURL(join(projectRoot, 'tooling/e2e/service-faults/jumping-clock.mjs'))
  running = await startE2eSystem({
    system: observedSystem,
    env: { NODE_OPTIONS: `--import=${preloaded}`, LOG_LEVEL: 'info' },
  })
  tap = await startEventTap(running.broker)
}, 60_000)

afterAll(async () => {
  await tap?.close()
  await running?.stop()
})

test('F31 wall clocks that jump by an hour expire nothing early, hold nothing up, and repeat no id', async () => {
  const { skus, stock, line } = orderLines('CLOCK')
  const client = allocationClient(running.allocation.url)
  await stock(client)
  const lines = Array.from({ length: 150 }, (_, n) => line(n))
  await inParallelBy(
    ({ sku }) => sku,
    lines,
    async (one) => expect((await client.allocate(one)).status).toBeLessThan(300),
  )
  const seen = () => tap.events.filter(({ payload }) => payload.orderId !== undefined)
  await eventually(
    () => seen().length >= lines.length || undefined,
    () => `the events of ${lines.length} lines; ${seen().length} have come`,
    30_000,
  )
  await expectInOrder(tap, running.allocation.url, skus, lines)

  const outOfStock = seen().filter(({ type }) => type === 'OutOfStock')
  expect(outOfStock.length).toBeGreaterThan(0)
  const mails = await running.mail.waitFor(outOfStock.length, () => true, 30_000)
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(outOfStock.length)
  const withStock = mails.filter(({ text }) => text.includes('Current stock:'))
  expect(withStock.length, 'questions that were answered before they expired').toBe(mails.length)

  const lived = running.allocation.output().split('\n').slice(1, -1)
  const times = lived.map((said) => Number(JSON.parse(said).time))
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2 * 3_600_000)
}, 90_000)
