import { type AddressInfo, connect } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { planSystem } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Certificate } from '../../../../tooling/fixtures/certificate-authority.ts'
import { certificateAuthority } from '../../../../tooling/fixtures/certificate-authority.ts'
import { tlsRabbitMq } from '../../../../tooling/fixtures/tls-servers.ts'
import { brokerUrlFor } from '../../../../tooling/running-system/broker-url.ts'
import { applyPlan } from '../../src/provisioning/apply.ts'
import { generatePasswords } from '../../src/provisioning/passwords.ts'
import { RabbitMqBroker } from '../../src/rabbitmq-broker.ts'
import type { TlsOptions } from '../../src/session.ts'
import { frame } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

/* A broker that speaks TLS and lets users in by password or by certificate. All certificates are made here. */

const plan = planSystem(shopSystem)
const passwords = generatePasswords(plan)
const stranger = certificateAuthority('Nobody knows it')
const yesterday = new Date(Date.now() - 86_400_000)

let broker: Awaited<ReturnType<typeof tlsRabbitMq>>
let ca: string
beforeAll(async () => {
  broker = await tlsRabbitMq()
  ca = broker.authority.ca
  await applyPlan(plan, { managementUrl: broker.managementUrl, passwords })
}, 120_000)
afterAll(() => broker.stop())

const silent = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }

/** Opens a link as billing, publishes, and closes it. */
async function speak(
  tls: TlsOptions | undefined,
  url = brokerUrlFor(broker.url, 'billing', passwords),
  exchange = 'x.events',
) {
  const own = new RabbitMqBroker({ url, user: 'billing', ...(tls === undefined ? {} : { tls }) })
  const link = await own.open('billing', silent)
  try {
    await link.publish(frame(exchange, 'evt.Charged'), 5_000)
  } finally {
    await link.close(1_000)
  }
}

/** The permanent error of one who may not speak, in which nothing is secret. */
async function refusal(speaking: Promise<void>): Promise<string> {
  const error = await speaking.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'BrokerUnreachable', retryable: false, outcome: 'not-executed' })
  for (const secret of [passwords.billing, 'PRIVATE KEY']) {
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain(secret)
  }
  return (error as Error).message
}

describe('the broker', () => {
  test('is spoken to when the given authority vouches for it', async () => {
    await speak({ ca })
  })

  test('F40 is refused when its authority is not among those that are trusted', async () => {
    const reason = 'self-signed certificate in certificate chain'
    expect(await refusal(speak(undefined))).toContain(reason)
    expect(await refusal(speak({ ca: stranger.ca }))).toContain(reason)
  })

  test('F40 is refused when it is reached by a name that its certificate does not have', async () => {
    const elsewhere = brokerUrlFor(broker.url.replace('localhost', '127.0.0.1'), 'billing', passwords)
    expect(await refusal(speak({ ca }, elsewhere))).toContain("IP: 127.0.0.1 is not in the cert's list")
  })

  test('F40 is refused when its certificate has expired', async () => {
    const expired = broker.authority.issue({ name: 'broker', hosts: ['localhost'], until: yesterday })
    const server = await terminator(expired)
    const url = `amqps://localhost:${(server.address() as AddressInfo).port}`
    expect(await refusal(speak({ ca }, brokerUrlFor(url, 'billing', passwords)))).toContain(
      'certificate has expired',
    )
    server.close()
  })

  test('is refused when it speaks no TLS, and is told no password', async () => {
    const url = broker.amqpUrl.replace('amqp:', 'amqps:').replace('127.0.0.1', 'localhost')
    expect(await refusal(speak({ ca }, brokerUrlFor(url, 'billing', passwords)))).toMatch(
      /TLS failed: wrong version number/,
    )
  })
})

describe('a client', () => {
  const withoutPassword = () => broker.url.replace('amqps://', 'amqps://billing@')
  const certified = (name: string, until?: Date): TlsOptions => ({
    ca,
    ...broker.authority.issue({ name, ...(until === undefined ? {} : { until }) }),
  })

  test('with a certificate and no password is the user whose name the certificate has', async () => {
    await speak(certified('billing'), withoutPassword())
  })

  test('with a certificate of another user’s name cannot be this user', async () => {
    await expect(speak(certified('shop'), withoutPassword(), 'x.cmd.shop')).rejects.toMatchObject({
      message: expect.stringContaining("authenticated user was 'shop'"),
    })
  })

  test('with a certificate in the name of nobody is not let in', async () => {
    await expect(speak(certified('nobody'), withoutPassword())).rejects.toMatchObject({
      code: 'AccessRefused',
      retryable: false,
    })
  })

  test.each([
    ['an expired certificate', () => certified('billing', yesterday)],
    ['a certificate of another authority', () => ({ ca, ...stranger.issue({ name: 'billing' }) })],
  ])('with %s is refused, whatever its password', async (_what, tls) => {
    // Whether it may try again depends: the broker may hang up before its reason has been read.
    await expect(speak(tls())).rejects.toMatchObject({ code: 'BrokerUnreachable', outcome: 'not-executed' })
  })

  test('with neither a password nor a certificate is a mistake in the configuration', async () => {
    await expect(speak({ ca }, withoutPassword())).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })

  test('with a certificate for a broker without TLS is too', async () => {
    const url = brokerUrlFor(broker.amqpUrl, 'billing', passwords)
    await expect(speak(certified('billing'), url)).rejects.toMatchObject({ code: 'InvalidConfiguration' })
  })
})

/** Speaks TLS before the broker, with another certificate than its own. */
async function terminator(certificate: Certificate): Promise<Server> {
  const target = new URL(broker.amqpUrl)
  const server = createServer(certificate, (client) => {
    const behind = connect(Number(target.port), target.hostname)
    client.pipe(behind).pipe(client)
    for (const socket of [client, behind]) socket.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  return server
}
