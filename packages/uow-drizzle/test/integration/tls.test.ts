import { type AddressInfo, createServer, type Server } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type PostgresTlsOptions, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificateAuthority } from '../../../../tooling/fixtures/certificate-authority.ts'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { type TlsServer, tlsPostgres } from '../../../../tooling/fixtures/tls-servers.ts'

/* A Postgres that speaks TLS. All certificates are made here. */

const stranger = certificateAuthority('Nobody knows it')
const yesterday = new Date(Date.now() - 86_400_000)

let server: TlsServer
let ca: string
beforeAll(async () => {
  server = await tlsPostgres()
  ca = server.authority.ca
  await speak({ ca }, server.url, 'create role certified login')
}, 120_000)
afterAll(() => server.stop())

async function speak(
  tls: PostgresTlsOptions | undefined,
  url = server.url,
  statement = 'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()',
) {
  await using driver = postgresDriver(url, { max: 1, ...(tls === undefined ? {} : { tls }) })
  const rows = await driver.query(statement)
  const transaction = await driver.begin()
  await transaction.commit()
  return rows
}

/** The permanent error of one who may not speak, in which nothing is secret; the same for a transaction. */
async function refusal(tls: PostgresTlsOptions, url = server.url): Promise<string> {
  await using driver = postgresDriver(url, { max: 1, tls })
  const errors = await Promise.all(
    [driver.query('select 1'), driver.begin()].map((asked) =>
      asked.then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    ),
  )
  const secrets = [new URL(server.url).password, 'PRIVATE KEY']
  for (const error of errors) {
    expect(error).toMatchObject({ code: 'ConnectionLost', retryable: false, outcome: 'not-executed' })
    for (const secret of secrets) expect(`${error} ${JSON.stringify(error)}`).not.toContain(secret)
  }
  return (errors[0] as Error).message
}

describe('the server', () => {
  test('is spoken to when the given authority vouches for it', async () => {
    expect(await speak({ ca })).toEqual([{ ssl: true, client_dn: null }])
  })

  test('is refused when its authority is not among those that are trusted', async () => {
    for (const tls of [{}, { ca: stranger.ca }]) {
      expect(await refusal(tls)).toContain('TLS failed: self-signed certificate in certificate chain')
    }
  })

  test('is refused when it is reached by a name or an address that its certificate does not have', async () => {
    const elsewhere = server.url.replace('localhost', '127.0.0.1')
    expect(await refusal({ ca }, elsewhere)).toContain("TLS failed: IP: 127.0.0.1 is not in the cert's list")
    expect(await refusal({ ca, servername: 'db.example.com' })).toContain('TLS failed: Host: db.example.com')
  })

  test('is refused when its certificate has expired', async () => {
    const expired = server.authority.issue({ name: 'database', hosts: ['localhost'], until: yesterday })
    const before = await terminator(expired)
    const url = new URL(server.url)
    url.port = String((before.address() as AddressInfo).port)
    expect(await refusal({ ca }, url.href)).toContain('TLS failed: certificate has expired')
    before.close()
  })
})

test('a server that offers no TLS is never spoken to without', async () => {
  const plain: FreshDatabase = await freshDatabase()
  await expect(speak({ ca }, plain.url)).rejects.toMatchObject({ code: 'ConnectionLost' })
  await plain.dispose()
})

describe('a client', () => {
  const certifiedUrl = () => server.url.replace(/\/\/.*@/, '//certified@')

  test('with a certificate in its role’s name needs no password', async () => {
    const tls = { ca, ...server.authority.issue({ name: 'certified' }) }
    expect(await speak(tls, certifiedUrl())).toEqual([{ ssl: true, client_dn: '/CN=certified' }])
  })

  test('with a certificate in another name cannot be that role', async () => {
    const tls = { ca, ...server.authority.issue({ name: 'somebody' }) }
    await expect(speak(tls, certifiedUrl())).rejects.toThrow(/certificate authentication failed/)
  })

  test('without a certificate cannot be that role', async () => {
    await expect(speak({ ca }, certifiedUrl())).rejects.toThrow(/requires a valid client certificate/)
  })

  test('with a certificate of another authority is refused, whatever its password', async () => {
    // The server may hang up before its reason has been read.
    await expect(speak({ ca, ...stranger.issue({ name: 'postgres' }) })).rejects.toMatchObject({
      code: 'ConnectionLost',
    })
  })
})

/** Takes a connection's request for TLS, as Postgres does, and shows a certificate of its own. */
async function terminator(certificate: { cert: string; key: string }): Promise<Server> {
  const before = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write('S')
      new TLSSocket(socket, { isServer: true, ...certificate }).on('error', () => undefined)
    })
  })
  await new Promise<void>((resolve) => before.listen(0, resolve))
  return before
}
