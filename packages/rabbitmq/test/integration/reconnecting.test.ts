import { execFileSync } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Incoming } from '@posthorn/core/transport'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { removePlan } from '../../src/provisioning/remove.ts'
import { Session } from '../../src/session.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { shopSystem, soloSystem } from '../support/shop-system.ts'
import { type TcpProxy, tcpProxy } from '../support/tcp-proxy.ts'

const FULL = process.env.POSTHORN_TEST_FULL === '1'
const WORK = 'shipping.q.events'
const charged = (body?: string) => frame('x.events', 'evt.Charged', body)

let system: ProvisionedSystem
let proxy: TcpProxy
/** The same system, with the proxy in the way. */
let viaProxy: Pick<ProvisionedSystem, 'namespace' | 'urlFor'>
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())
beforeEach(async () => {
  proxy = await tcpProxy(system.adminUrl)
  viaProxy = { namespace: system.namespace, urlFor: (user) => proxy.through(system.urlFor(user)) }
})
afterEach(() => proxy[Symbol.asyncDispose]())

describe('a lost connection', () => {
  test('F10 C71 closed by the broker it is back within a second, with its consumers and its publisher, again and again', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    await using member = await openLink(own, name, name)
    const seen: string[] = []
    await member.link.consume('q.commands', { prefetch: 5 }, (incoming) => {
      seen.push(textOf(incoming))
      incoming.ack()
    })
    const downs = () => member.states.filter(({ state }) => state === 'down').length
    for (let n = 1; n <= (FULL ? 20 : 3); n++) {
      const before = downs()
      await new ManagementApi(own.managementUrl).delete('connections', 'username', name)
      const start = performance.now()
      await eventually('it has noticed', () => downs() > before)
      await member.link.publish(frame('x.dlx', 'q.commands', `after ${n}`), 60_000)
      await eventually('it consumes again', () => seen.includes(`after ${n}`), 60_000)
      // From then on the broker is given time: it has closed three connections within three seconds.
      if (n <= 3) expect(performance.now() - start).toBeLessThan(1_000)
      await eventually('it is up', () => member.link.state === 'up', 60_000)
    }
    await removePlan(own.plan, own)
  }, 600_000)

  test('F30 while the event loop stands still the broker may give it up; then it reconnects, and the message comes again', async () => {
    const { name, system: solo } = soloSystem()
    const own = await provisionedSystem(solo)
    await using member = await openLink(own, name, name)
    const seen: boolean[] = []
    await member.link.consume('q.commands', { prefetch: 1 }, (incoming) => {
      seen.push(incoming.redelivered)
      if (seen.length === 1) standStill(own.managementUrl, name)
      incoming.ack()
    })
    await member.link.publish(frame('x.dlx', 'q.commands'), 5_000).catch(() => undefined)
    await eventually('it comes again', () => seen.length === 2, 50_000)
    expect(seen).toEqual([false, true])
    await eventually('it is up', () => member.link.state === 'up', 30_000)
    expect(member.states.some(({ state }) => state === 'down')).toBe(true)
    await member.link.publish(frame('x.dlx', 'q.commands'), 5_000)
    await eventually('it goes on', () => seen.length === 3)
    await removePlan(own.plan, own)
  }, 120_000)

  test('K7 C30 a message delivered before cannot be settled after, and is delivered again', async () => {
    await using billing = await openLink(system, 'billing', 'billing')
    await using shipping = await openLink(viaProxy, 'shipping', 'billing')
    const out: Incoming[] = []
    await shipping.link.consume(WORK, { prefetch: 1 }, (incoming) => void out.push(incoming))
    await billing.link.publish(charged('one'), 5_000)
    await billing.link.publish(charged('two'), 5_000)
    await eventually('the first is out', () => out.length === 1)
    proxy.cut()
    await eventually('the first is out again', () => out.length === 2)
    const [stale, fresh] = out as [Incoming, Incoming]
    expect([textOf(stale), textOf(fresh), fresh.redelivered]).toEqual(['one', 'one', true])
    // With delivery tag 1 on the new channel this would acknowledge the fresh one, and `two` would come.
    stale.ack()
    await eventually('the link is up', () => shipping.link.state === 'up')
    await shipping.link.check([], [WORK])
    expect(out.length).toBe(2)
    fresh.ack()
    await eventually('the second is out', () => out.length === 3)
    out[2]?.ack()
  })

  test('C17 what is published meanwhile waits for the next connection', async () => {
    await using billing = await openLink(viaProxy, 'billing', 'billing')
    await billing.link.publish(charged(), 5_000)
    proxy.refuse(true)
    proxy.cut()
    await eventually('it is down', () => billing.link.state === 'down')
    const publishing = billing.link.publish(charged(), 10_000)
    await eventually('it keeps trying', () => proxy.attempts() >= 3)
    proxy.refuse(false)
    await publishing
  })

  test('C17 what waits longer than its deadline was certainly not executed', async () => {
    await using billing = await openLink(viaProxy, 'billing', 'billing')
    proxy.refuse(true)
    proxy.cut()
    await eventually('it is down', () => billing.link.state === 'down')
    await expect(billing.link.publish(charged(), 100)).rejects.toMatchObject({
      code: 'BrokerUnreachable',
      outcome: 'not-executed',
      retryable: true,
    })
  })

  test('what was unconfirmed may have arrived', async () => {
    await using billing = await openLink(viaProxy, 'billing', 'billing')
    await billing.link.publish(charged(), 5_000)
    proxy.freeze(true)
    const publishing = billing.link.publish(charged(), 5_000)
    const late = billing.link.publish(charged(), 50)
    await expect(late).rejects.toMatchObject({ code: 'PublishTimeout', outcome: 'unknown' })
    proxy.cut()
    await expect(publishing).rejects.toMatchObject({ code: 'ConnectionLost', outcome: 'unknown' })
  })

  test('K8 C66 close does not wait longer than its deadline for a frozen broker', async () => {
    const { link } = await openLink(viaProxy, 'shipping', 'billing')
    await link.consume(WORK, { prefetch: 1 }, () => undefined)
    proxy.freeze(true)
    const start = performance.now()
    await link.close(300)
    expect(performance.now() - start).toBeLessThan(1_000)
    proxy.freeze(false)
    await eventually('no connection is left', () => proxy.open() === 0)
  })

  test('what begins to consume while the link closes, or after it, is refused and leaves no connection', async () => {
    const { link } = await openLink(viaProxy, 'shipping', 'billing')
    const consume = () =>
      link
        .consume(WORK, { prefetch: 1 }, (incoming) => incoming.release())
        .then(
          () => 'consuming',
          ({ code }) => code,
        )
    const consuming = consume()
    await link.close(5_000)
    expect(await consuming).toBe('BrokerUnreachable')
    expect(await consume()).toBe('BrokerUnreachable')
    await eventually('no connection is left', () => proxy.open() === 0)
  })

  test('given up by us it is gone for the broker too', async () => {
    const lost: string[] = []
    const session = await Session.open(
      {
        endpoint: parseAmqpUrl(viaProxy.urlFor('billing'), 'billing'),
        vhost: `${system.namespace}.billing`,
        name: 'test',
        tls: undefined,
      },
      { onLost: ({ reason }) => void lost.push(reason), onBlocked: () => undefined },
    )
    expect(proxy.open()).toBe(1)
    session.destroy('it confirmed nothing')
    session.destroy('once more')
    expect(lost).toEqual(['it confirmed nothing'])
    await eventually('the socket is closed', () => proxy.open() === 0)
    await expect(session.channel(() => undefined)).rejects.toThrow()
  })

  test('C64 again and again, nothing is left of the connections before', async () => {
    const times = FULL ? 1_000 : 20
    await using shipping = await openLink(viaProxy, 'shipping', 'billing')
    await shipping.link.consume(WORK, { prefetch: 1 }, (incoming) => incoming.ack())
    const warnings: string[] = []
    const warn = (warning: Error) => void warnings.push(warning.name)
    process.on('warning', warn)
    const before = resources()
    const heap = usedHeap()
    for (let lost = 1; lost <= times; lost++) {
      proxy.inject(POISON)
      await eventually(
        'it is down',
        () => shipping.states.filter(({ state }) => state === 'down').length >= lost,
      )
      await eventually('it is up again', () => shipping.link.state === 'up' && proxy.open() === 2)
    }
    await eventually('sockets and timers are as before', () => resources() <= before)
    process.off('warning', warn)
    expect(warnings).toEqual([])
    expect(usedHeap() - heap).toBeLessThan(NOISE + times * 10_000)
  }, 600_000)
})

/** Until the broker has closed this user's connections: for want of heartbeats, or sooner by its administrator. */
function standStill(managementUrl: string, user: string): void {
  if (FULL) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000)
    return
  }
  const { origin, username, password } = new URL(managementUrl)
  const request = { method: 'DELETE', headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` } }
  const script = `await fetch('${origin}/api/connections/username/${user}', ${JSON.stringify(request)})`
  execFileSync(process.execPath, ['--input-type=module', '--eval', script])
}

/** A frame of a type that does not exist: to the client it looks like a message that it cannot decode. */
const POISON = Buffer.from([9, 0, 0, 0, 0, 0, 0, 0xce])

/** What the heap may grow by, in bytes, without anybody being to blame. */
const NOISE = 5_000_000

function usedHeap(): number {
  setFlagsFromString('--expose_gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

function resources(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout')
    .length
}

describe('a blocked connection', () => {
  const blocked = (method: number, reason: string) => {
    const payload = Buffer.from([
      0,
      10,
      0,
      method,
      ...(reason === '' ? [] : [reason.length]),
      ...Buffer.from(reason),
    ])
    return Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, payload.length]), payload, Buffer.from([0xce])])
  }

  test('C72 holds publishing back, says so, and lets it go again', async () => {
    await using billing = await openLink(viaProxy, 'billing', 'billing')
    await billing.link.publish(charged(), 5_000)
    proxy.inject(blocked(60, 'low on memory'))
    await eventually('it is blocked', () => billing.link.state === 'blocked')
    expect(billing.states.at(-1)?.reason).toBe('low on memory')
    await expect(billing.link.publish(charged(), 100)).rejects.toMatchObject({
      code: 'BrokerUnreachable',
      message: expect.stringContaining('low on memory'),
    })
    const waiting = billing.link.publish(charged(), 5_000)
    proxy.inject(blocked(61, ''))
    await waiting
    expect(billing.link.state).toBe('up')
  })
})

describe('opening', () => {
  test('tells an unreachable broker, wrong credentials and a missing vhost apart, without the password', async () => {
    const wrong = {
      namespace: system.namespace,
      urlFor: (user: string) => changed(system.urlFor(user), 'password', 'S3cret'),
    }
    const nowhere = {
      namespace: system.namespace,
      urlFor: (user: string) => changed(system.urlFor(user), 'port', '1'),
    }
    const cases = [
      { at: wrong, domain: 'billing', code: 'AccessRefused', retryable: false },
      { at: system, domain: 'nothing', code: 'AccessRefused', retryable: false },
      { at: nowhere, domain: 'billing', code: 'BrokerUnreachable', retryable: true },
    ]
    for (const { at, domain, code, retryable } of cases) {
      const error = await openLink(at, 'shop', domain).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code, retryable })
      expect(String(error)).not.toMatch(/S3cret|:\/\//)
    }
  })
})

function changed(url: string, part: 'password' | 'port', value: string): string {
  const result = new URL(url)
  result[part] = value
  return result.href
}
