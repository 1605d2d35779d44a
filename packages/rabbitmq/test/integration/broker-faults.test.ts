import { connect as connectSocket } from 'node:net'
import type { Incoming } from '@posthorn/core/transport'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { connect } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTcpProxy } from '../../../../tooling/faults/tcp-proxy.ts'
import { certificateAuthority } from '../../../../tooling/fixtures/certificate-authority.ts'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { removePlan } from '../../src/provisioning/remove.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import { eventually } from '../support/eventually.ts'
import { drain, flood, floodBare } from '../support/flood.ts'
import { type KillableBroker, killableBroker } from '../support/killable-broker.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { billing, shopSystem, soloSystem } from '../support/shop-system.ts'
import { giveBack, takeAway } from '../support/take-away.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'
import { tlsBefore } from '../support/tls-before.ts'

/* What takes its time: heartbeats, deadlines, what a person must mend, and the fall of a whole broker. So these run side
   by side; but of those that need a broker of their own only one at a time. */

const FULL = process.env.POSTHORN_TEST_FULL === '1'
const WORK = 'shipping.q.events'
/** By how much (ms) a busy machine may be late. */
const BUSY = 1_000
const TIMEOUT = FULL ? 900_000 : 90_000

let system: ProvisionedSystem
let own: Promise<KillableBroker>
beforeAll(async () => {
  own = killableBroker()
  system = await provisionedSystem(shopSystem)
})
afterAll(async () => {
  await system.dispose()
  await (await own)[Symbol.asyncDispose]()
})

let turn: Promise<unknown> = Promise.resolve()
function inTurn(work: (broker: KillableBroker) => Promise<void>): Promise<void> {
  const done = turn.then(async () => work(await own))
  turn = done.catch(() => undefined)
  return done
}

const charged = (body: string) => frame('x.events', 'evt.Charged', body)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe.concurrent('side by side', () => {
  test(
    'F4 F5 half-open connections are noticed within fifteen seconds, and replaced',
    async () => {
      const way = await startTcpProxy(Number(new URL(system.adminUrl).port))
      const through = (user: string) => Object.assign(new URL(system.urlFor(user)), { port: way.port }).href
      const far = { namespace: system.namespace, urlFor: through }
      await using sender = await openLink(far, 'billing', 'billing')
      await using receiver = await openLink(far, 'shipping', 'billing')
      const received: string[] = []
      await receiver.link.consume(WORK, { prefetch: 1 }, (incoming) => {
        received.push(textOf(incoming))
        incoming.ack()
      })
      await sender.link.publish(charged('before'), 5_000)
      way.strand()
      const start = performance.now()
      expect(await failure(sender.link.publish(charged('lost'), 300))).toMatchObject({
        code: 'PublishTimeout',
      })
      expect(performance.now() - start).toBeLessThan(300 + 100 + BUSY)
      const down = () =>
        [sender, receiver].every(({ states }) => states.some(({ state }) => state === 'down'))
      await eventually('both have noticed', down, 15_500)
      await sender.link.publish(charged('after'), 10_000)
      await eventually('the receiver is back', () => received.includes('after'))
      await eventually('both are up', () => sender.link.state === 'up' && receiver.link.state === 'up')
      expect(received).not.toContain('lost')
      await way.stop()
    },
    TIMEOUT,
  )

  test(
    'F18 a user hears why it is let in no more, does not hurry the broker, and goes on when that is mended',
    async () => {
      const reasons = {
        password: /ACCESS_REFUSED/,
        permissions: /missing, refused/,
        vhost: /missing, refused/,
      }
      const lose = async (what: keyof typeof reasons) => {
        const { name, system: solo } = soloSystem()
        const mine = await provisionedSystem(solo)
        await using way = await tcpProxy(mine.adminUrl)
        const far = { namespace: mine.namespace, urlFor: (user: string) => way.through(mine.urlFor(user)) }
        await using member = await openLink(far, name, name)
        const publish = (deadline: number) => member.link.publish(frame('x.dlx', 'q.commands'), deadline)
        await publish(5_000)
        await takeAway(what, mine)
        await new ManagementApi(mine.managementUrl).delete('connections', 'username', name)
        const said = () => member.states.some(({ reason }) => reasons[what].test(reason ?? ''))
        await eventually('it hears why', said)
        const attempts = way.attempts()
        expect(await failure(publish(2_000))).toMatchObject({
          code: 'BrokerUnreachable',
          message: expect.stringMatching(reasons[what]),
        })
        expect(way.attempts()).toBe(attempts)
        expect(JSON.stringify(member.states)).not.toContain(new URL(mine.urlFor(name)).password)
        await giveBack(mine)
        await publish(30_000)
        await eventually('it is up', () => member.link.state === 'up')
        await removePlan(mine.plan, mine)
      }
      await Promise.all([lose('password'), lose('permissions'), lose('vhost')])
    },
    TIMEOUT,
  )

  test(
    'F40 a broker whose certificate runs out is left, and spoken to again when it has another',
    async () => {
      const authority = certificateAuthority('Authority of the broker')
      const issue = (until: Date) => authority.issue({ name: 'broker', hosts: ['localhost'], until })
      const [yesterday, tomorrow] = [-1, 1].map((days) => new Date(Date.now() + days * 86_400_000)) as [
        Date,
        Date,
      ]
      await using front = await tlsBefore(system.adminUrl, issue(tomorrow))
      const url = new URL(system.urlFor('billing').replace('amqp:', 'amqps:'))
      Object.assign(url, { hostname: 'localhost', port: front.port })
      const reasons: (string | null)[] = []
      const broker = new RabbitMqBroker({ url: url.href, user: 'billing', tls: { ca: authority.ca } })
      const link = await broker.open(`${system.namespace}.billing`, {
        onState: (_state, reason) => void reasons.push(reason),
        onReply: () => undefined,
        onRepliesLost: () => undefined,
      })
      await link.publish(charged('over TLS'), 5_000)
      front.rotate(issue(yesterday))
      await eventually('it says why', () => reasons.some((said) => said?.includes('certificate has expired')))
      front.rotate(issue(tomorrow))
      await link.publish(charged('over TLS again'), 30_000)
      expect(link.state).toBe('up')
      await link.close(1_000)
    },
    TIMEOUT,
  )

  test(
    'F5 K8 amqplib alone waits for ever for a frozen broker, even when it has given up; a link for ten seconds',
    async () => {
      await using way = await tcpProxy(system.adminUrl)
      const admin = way.through(system.adminUrl)
      const bare = await connect(`${admin}?heartbeat=1`)
      const channel = await bare.createChannel()
      for (const one of [bare, channel]) one.on('error', () => undefined)
      const givenUp = new Promise((resolve) => bare.on('close', resolve))
      way.freeze(true)
      const start = performance.now()
      const far = { namespace: system.namespace, urlFor: (user: string) => way.through(system.urlFor(user)) }
      const opening = failure(openLink(far, 'billing', 'billing'))
      const settled: string[] = []
      const work = { connect: connect(admin), channel: channel.close(), close: bare.close() }
      for (const [name, one] of Object.entries(work)) void failure(one).then(() => settled.push(name))
      await givenUp
      expect(await opening).toMatchObject({ code: 'BrokerUnreachable', retryable: true })
      expect(performance.now() - start).toBeLessThan(10_000 + BUSY)
      expect(settled).toEqual([])
      way.freeze(false)
      // The broker may have lost its patience with a handshake that takes ten seconds.
      await work.connect.then((late) => late.close()).catch(() => undefined)
      await eventually('no socket is left', () => way.open() === 0)
    },
    TIMEOUT,
  )

  test(
    'F4 K8 while the broker is frozen nothing outlives its deadline, and when it thaws all goes on',
    () =>
      inTurn(async (broker) => {
        await using sender = await openLink(broker, 'billing', 'billing')
        await using receiver = await openLink(broker, 'shipping', 'billing')
        const received: string[] = []
        await receiver.link.consume(WORK, { prefetch: 5 }, (incoming) => {
          received.push(textOf(incoming))
          incoming.ack()
        })
        const publish = (deadline: number) => failure(sender.link.publish(charged('frozen'), deadline))
        expect(await publish(5_000)).toBeUndefined()
        broker.node.signal('SIGSTOP')
        const frozen = performance.now()
        try {
          await eventually('it is frozen', async () => (await publish(100)) !== undefined)
          for (const deadline of [100, 300, 600]) {
            const start = performance.now()
            expect(await publish(deadline)).toMatchObject({ code: 'PublishTimeout', outcome: 'unknown' })
            expect(performance.now() - start).toBeLessThan(deadline + 100 + BUSY)
          }
          if (FULL) {
            const down = () => sender.link.state === 'down' && receiver.link.state === 'down'
            await eventually('both have noticed', down, 16_000)
            await pause(40_000 - (performance.now() - frozen))
          }
        } finally {
          broker.node.signal('SIGCONT')
        }
        await sender.link.publish(charged('after'), 30_000)
        await eventually('it is received', () => received.includes('after'), 30_000)
        await eventually('both are up', () => sender.link.state === 'up' && receiver.link.state === 'up')
      }),
    TIMEOUT,
  )

  test(
    'F14 F15 C72 K9 under alarm a link is blocked and bounded, its acks go on, and of each message the truth is told',
    () =>
      inTurn(async (broker) => {
        const { call } = broker.node
        await using sender = await openLink(broker, 'billing', 'billing')
        await using receiver = await openLink(broker, 'shipping', 'billing')
        const given = Array.from({ length: 20 }, (_, i) => `given ${i}`)
        await Promise.all(given.map((body) => sender.link.publish(charged(body), 5_000)))
        const out: Incoming[] = []
        const consumer = await receiver.link.consume(
          WORK,
          { prefetch: 50 },
          (incoming) => void out.push(incoming),
        )
        await eventually(
          'all are out',
          () => out.filter((one) => textOf(one).startsWith('given')).length === 20,
        )
        await consumer.cancel()

        const flooded = await openLink(broker, 'billing', 'billing')
        await flooded.link.publish(charged('own'), 5_000)
        await call('vm_memory_monitor set_vm_memory_high_watermark [{absolute,1}]')
        // amqplib takes all that it is given, and cannot tell what has become of it.
        expect(await floodBare(broker, 3_000)).toEqual({ confirmed: 0, failed: 3_000 })
        // We take what the window and the queue before it hold, and know of what nothing has left.
        const ours = await flood(flooded, 3_000)
        expect(ours.refusedAtOnce).toBe(3_000 - 256 - 1_000)

        for (const incoming of out) incoming.ack()
        const waiting = Promise.all(
          [1, 2, 3].map((n) => sender.link.publish(charged(`waiting ${n}`), TIMEOUT)),
        )
        await eventually('it is blocked', () => sender.link.state === 'blocked')
        expect(sender.states.at(-1)?.reason).toBe('low on memory')
        await call(`rabbit_disk_monitor set_disk_free_limit [${10 ** 15}]`)
        await call('vm_memory_monitor set_vm_memory_high_watermark [{absolute,"1GB"}]')
        expect(sender.link.state).toBe('blocked')
        await call('rabbit_disk_monitor set_disk_free_limit ["50MB"]')
        await waiting
        expect(sender.link.state).toBe('up')

        const arrived = await drain(broker)
        const beginning = (word: string) => arrived.filter((body) => body.startsWith(`${word} `))
        expect(beginning('given')).toEqual([])
        expect(beginning('waiting')).toHaveLength(3)
        expect(beginning('bare').length).toBeGreaterThan(0)
        expect(beginning('own').filter((body) => ours.notExecuted.has(body))).toEqual([])
        expect([...ours.confirmed].filter((body) => !arrived.includes(body))).toEqual([])
      }),
    TIMEOUT,
  )

  test(
    'F1 F2 C14 C70 a broker that is killed or stopped under load loses nothing that it confirmed, and is used again within a second',
    () =>
      inTurn(async ({ node, namespace, urlFor }) => {
        const [senders, each] = FULL ? [100, 100] : [20, 50]
        const kill = () => node.kill()
        const stop = () => node.kill('SIGTERM')
        const falls = FULL ? [kill, stop, ...Array.from({ length: 9 }, () => kill)] : [kill]
        // What other tests left in the queue is no failure of this one.
        const common = { system: shopSystem, namespace, onError: () => undefined }
        const sender = new RabbitMqExternalBus({ ...common, domain: 'billing', url: urlFor('billing') })
        const receiver = new RabbitMqExternalBus({ ...common, domain: 'shipping', url: urlFor('shipping') })
        const [confirmed, received] = [new Set<string>(), new Set<string>()]
        receiver.registerEventHandlers(billing.events.Charged, async ({ id }) => received.add(id))
        await Promise.all([sender.start(), receiver.start()])

        let falling = true
        let lastConfirm = 0
        const send = async () => {
          for (let n = 0; n < each || falling; n++) {
            const event = billing.events.Charged({ orderId: `${n}` })
            // Until it is confirmed, the same again.
            while ((await failure(sender.publish(event))) !== undefined) await pause(50)
            confirmed.add(event.id)
            lastConfirm = performance.now()
            await pause(5)
          }
        }
        const sending = Promise.all(Array.from({ length: senders }, send))
        for (const fall of falls) {
          const before = confirmed.size
          await eventually('it is under load', () => confirmed.size > before + senders)
          await fall()
          const starting = node.start()
          await eventually('its port is open', () => opens(node.port), 60_000)
          const open = performance.now()
          await eventually('it confirms again', () => lastConfirm > open, 60_000)
          expect(lastConfirm - open).toBeLessThan(1_000)
          await starting
        }
        falling = false
        await sending
        await eventually('all has come', () => [...confirmed].every((id) => received.has(id)), 60_000)
        expect(confirmed.size).toBeGreaterThanOrEqual(senders * each)
        await Promise.all([sender.stop(), receiver.stop()])
      }),
    TIMEOUT,
  )

  test(
    'F17 a handler that outlasts the broker’s patience loses its channel and nothing else, and its message comes again',
    () =>
      inTurn(async (broker) => {
        const patience = FULL ? 20_000 : 1_000
        const settings = { consumer_timeout: patience, channel_tick_interval: 300 }
        for (const [name, ms] of Object.entries(settings))
          await broker.node.call(`application set_env [rabbit,${name},${ms}]`)
        await using sender = await openLink(broker, 'billing', 'billing')
        await using receiver = await openLink(broker, 'shipping', 'billing')
        const out: Incoming[] = []
        await receiver.link.consume(WORK, { prefetch: 1 }, (incoming) => {
          const about = textOf(incoming)
          if (about === 'slow' || about === 'next') out.push(incoming)
          else incoming.ack()
        })
        await sender.link.publish(charged('slow'), 5_000)
        await eventually('it comes again', () => out.length === 2, patience + 10_000)
        expect(receiver.states.map(({ reason }) => reason).join()).toContain('timed out')
        const [stale, fresh] = out as [Incoming, Incoming]
        stale.ack()
        fresh.ack()
        await sender.link.publish(charged('next'), 5_000)
        await eventually('the next comes', () => out.length === 3)
        expect(out.map((one) => [textOf(one), one.redelivered])).toEqual([
          ['slow', false],
          ['slow', true],
          ['next', false],
        ])
        out[2]?.ack()
        expect(sender.states.map(({ state }) => state)).toEqual(['up'])
      }),
    TIMEOUT,
  )
})

function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => resolve(true))
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy())
  })
}
