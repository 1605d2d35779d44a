import { describe, expect, test } from 'vitest'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { shopSystem } from '../support/shop-system.ts'

describe("the broker's URL", () => {
  test('B20 gives host, port and decoded credentials, and its path is ignored', () => {
    expect(parseAmqpUrl('amqp://billing:p%40ss%2F@broker.local:5673/other', 'billing')).toEqual({
      protocol: 'amqp',
      hostname: 'broker.local',
      port: 5673,
      username: 'billing',
      password: 'p@ss/',
    })
  })

  test('has the default port of its scheme', () => {
    expect(parseAmqpUrl('amqp://billing:p@h', 'billing').port).toBe(5672)
    expect(parseAmqpUrl('amqps://billing:p@h', 'billing').port).toBe(5671)
  })

  test('may leave the password out where a certificate stands for it, over TLS alone', () => {
    expect(parseAmqpUrl('amqps://billing@h', 'billing', true).password).toBe(null)
    expect(parseAmqpUrl('amqps://billing:p@h', 'billing', true).password).toBe('p')
    expect(thrownBy(() => parseAmqpUrl('amqp://billing@h', 'billing', true))).toMatchObject({
      code: 'InvalidConfiguration',
    })
  })

  test('may name an IPv6 address', () => {
    expect(parseAmqpUrl('amqp://billing:p@[::1]:5672', 'billing').hostname).toBe('::1')
  })

  test.each([
    ['no credentials, where amqplib would use guest', 'amqp://broker', /lacks credentials/],
    ['no password', 'amqp://billing@broker', /lacks credentials/],
    ['another user', 'amqp://shop:S3cret@broker', /must connect as billing/],
    ['another scheme', 'https://billing:S3cret@broker', /scheme https/],
    ['no host', 'amqp://', /names no host/],
    ['a broken escape', 'amqp://billing:S3cret%@broker', /no valid URL/],
    ['an unescaped password', 'amqp://billing:S3cret#x@broker', /no valid URL/],
    ['no URL', 'S3cret', /no valid URL/],
  ])('B20 with %s it is refused, and not quoted', (_what, url, problem) => {
    const error = thrownBy(() => parseAmqpUrl(url, 'billing'))
    expect(error).toMatchObject({ code: 'InvalidConfiguration', message: expect.stringMatching(problem) })
    expect(`${error} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain('S3cret')
  })

  test('RMQ-10 comes from the environment unless given', () => {
    delete process.env.POSTHORN_AMQP_URL
    const make = () => new RabbitMqExternalBus({ domain: 'shop', system: shopSystem })
    expect(thrownBy(make)).toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining('POSTHORN_AMQP_URL'),
    })
    process.env.POSTHORN_AMQP_URL = 'amqp://shop:p@broker'
    expect(make().domain).toBe('shop')
    process.env.POSTHORN_AMQP_URL = 'amqp://'
    expect(make).toThrow()
    const url = 'amqp://shop:p@broker'
    expect(new RabbitMqExternalBus({ domain: 'shop', system: shopSystem, url }).domain).toBe('shop')
    delete process.env.POSTHORN_AMQP_URL
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
