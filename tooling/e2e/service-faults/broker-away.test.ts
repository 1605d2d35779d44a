import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../../demo/allocation-client.ts'
import { type EventTap, startEventTap } from '../../faults/event-tap.ts'
import { eventually } from '../../running-system/eventually.ts'
import { observedSystem } from '../../running-system/observed-system.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { brokerOutOfReach, killableBroker, type LeavingBroker } from './leaving-broker.ts'
import { expectInOrder, type Line, orderLines } from './order-lines.ts'
import { askSteadily, countOutcomes, quantile } from './steady-load.ts'

const FULL = process.env.POSTHORN_TEST_FULL === '1'
/** In ms; one that was killed takes some seconds more to come up. */
const AWAY = FULL ? 60_000 : 4_000
const PER_SECOND = FULL ? 50 : 25

let broker: LeavingBroker
let running: RunningSystem
let tap: EventTap

beforeAll(async () => {
  broker = await (FULL ? killableBroker() : brokerOutOfReach())
  const { amqpUrl, managementUrl } = broker
  running = await startE2eSystem({ amqpUrl, managementUrl, system: observedSystem })
  tap = await startEventTap(running.broker)
}, 90_000)

afterAll(async () => {
  await tap?.close()
  await running?.stop()
  await broker?.stop()
}, 60_000)

test('F3 with the broker away no request fails, nor at an instance that starts meanwhile, and then all events arrive in the order of their commits', async () => {
  const { skus, stock, line } = orderLines('AWAY')
  const [first, mails] = [allocationClient(running.allocation.url), running.notifications.url]
  await stock(first)
  const accepted: Line[] = []
  const allocate = async (client: typeof first, order: Line) => {
    const { status } = await client.allocate(order)
    if (status < 300) accepted.push(order)
    return status
  }
  const end = askSteadily(PER_SECOND, async (n) => {
    const sku = skus[n % skus.length]
    if (n % 10 < 7) return allocate(first, line(n))
    if (n % 10 === 7) return (await first.get(`/products/${sku}`)).status
    if (n % 10 === 8) return (await fetch(`${mails}/notifications?limit=5`)).status
    const ref = `AWAY-other-${n}`
    const { status } = await first.createBatch({ ref, sku: `AWAY-other-${n % 7}`, qty: n })
    return Math.max(status, (await first.changeBatch(ref, n + 1)).status)
  })
  await pause(1_000)

  await broker.leave()
  const away = performance.now()
  const second = await running.another('allocation')
  const client = allocationClient(second.url)
  await eventually(async () => {
    const answer = await client.get('/health/ready').catch(() => undefined)
    const { reason } = Object(answer?.body.broker) as { readonly reason?: string | null }
    const isServing = answer?.status === 200 && answer.body.status === 'degraded'
    return (isServing && reason?.startsWith('Cannot connect')) || undefined
  }, 'an instance without a broker to serve, and to say what it lacks')
  for (let n = 0; n < 20; n++) expect(await allocate(client, line(1_000_000 + n))).toBeLessThan(300)
  await pause(away + AWAY - performance.now())
  await broker.comeBack()
  const back = performance.now()
  const asked = await end()
  const waiting = accepted.length - tap.events.filter(({ type }) => !type.startsWith('Batch')).length

  await eventually(
    () => {
      const seen = tap.events.filter(({ payload }) => payload.orderId !== undefined)
      return seen.length >= accepted.length || undefined
    },
    () => `${accepted.length} events; ${tap.events.length} have come`,
    60_000,
  )
  const drained = performance.now()
  const failed = asked.filter(({ outcome }) => typeof outcome === 'string' || outcome >= 400)
  console.log(
    `broker away for ${seconds(back - away)}: ${asked.length} requests, ${failed.length} failed, ` +
      `p99 ${quantile(asked, 0.99)} ms, slowest ${quantile(asked, 1)} ms; ${waiting} events waited ` +
      `and were there ${seconds(drained - back)} after its return; ${tap.repeated} came twice`,
  )
  expect(countOutcomes(failed)).toEqual({})
  expect(asked.length).toBeGreaterThan(((back - away) / 1_000) * PER_SECOND * 0.9)
  await expectInOrder(tap, running.allocation.url, skus, accepted)

  await Promise.all([second.ready(), running.allocation.ready(), running.notifications.ready()])
  const told = tap.events.filter(({ type }) => type === 'OutOfStock').length
  await running.mail.waitFor(told, () => true, 60_000)
  expect(new Set(running.mail.mails.map(({ messageId }) => messageId)).size).toBe(told)
}, 240_000)

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
