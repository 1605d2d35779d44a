import { describe, expect, test } from 'vitest'
import { isReplyAddress } from '../../src/reply-address.ts'

const PREFIX = 'amq.rabbitmq.reply-to.'
const KEY = 'j3aGAKT6z8aX4BUb5WDSaA=='
/** As RabbitMQ 3.10 and 4.2 have given them. */
const REAL = 'g1h2AA5yZXBseUA1OTEzMzcwMAAAdbwAAAAAawFG8A=='
const OTHERS = [
  'g1h2AA9yZXBseUAxMjE4OTkyMDEAAAliAAAQxGUp3Wg=',
  'g1h2AA5yZXBseUA2ODc4MTMzNAAAcEoAAAAAaS8eQg==',
]

const term = (bytes: readonly (number | string)[]) =>
  Buffer.concat(
    bytes.map((one) => (typeof one === 'number' ? Buffer.from([one]) : Buffer.from(one))),
  ).toString('base64')
const id = Array(12).fill(0) as number[]

describe('an address for replies', () => {
  test.each([REAL, ...OTHERS])('is what the broker gave to a channel: %s', (process) => {
    expect(isReplyAddress(`${PREFIX}${process}.${KEY}`)).toBe(true)
  })

  test('may name its node as newer Erlang does, with a short length', () => {
    expect(isReplyAddress(`${PREFIX}${term([131, 88, 119, 8, 'reply@12', ...id])}.${KEY}`)).toBe(true)
  })

  test.each([
    ['no address', ''],
    ['the name alone', 'amq.rabbitmq.reply-to'],
    ['nothing after the name', PREFIX],
    ['no key', `${PREFIX}${REAL}`],
    ['an empty key', `${PREFIX}${REAL}.`],
    ['a third part', `${PREFIX}${REAL}.${KEY}.x`],
    ['what is no base64', `${PREFIX}abc.def`],
    ['base64 of another alphabet', `${PREFIX}${REAL.replace('/', '_')}-.${KEY}`],
    ['a process that is cut off', `${PREFIX}${REAL.slice(0, 8)}.${KEY}`],
    ['a key that is cut off', `${PREFIX}${REAL}.${KEY.slice(1)}`],
    ['a number for a process', `${PREFIX}${term([131, 97, 5])}.${KEY}`],
    ['a process of a real node', `${PREFIX}${term([131, 88, 118, 0, 11, 'rabbit@host', ...id])}.${KEY}`],
    ['a node’s name longer than told', `${PREFIX}${term([131, 88, 118, 0, 7, 'reply@12', ...id])}.${KEY}`],
    ['a line feed', `${PREFIX}${REAL}.${KEY}\n`],
    ['a queue', 'billing.q.events'],
  ])('is not %s', (_what, text) => {
    expect(isReplyAddress(text)).toBe(false)
    expect(isReplyAddress(text, '4.1.9')).toBe(false)
  })

  test.each(['4.2.0', '4.10.1', '5.0'])('may have another form, once the broker reads any: %s', (version) => {
    expect(isReplyAddress(`${PREFIX}${REAL}.${KEY}`, version)).toBe(true)
    expect(isReplyAddress(`${PREFIX}v3:node-7~42`, version)).toBe(true)
    expect(isReplyAddress(`${PREFIX}v3:node-7~42`, '4.1.9')).toBe(false)
  })

  test.each([
    'billing.q.events',
    'q.commands',
    'amq.rabbitmq.reply-to',
    'amq.rabbitmq.reply-toq.commands',
    `x${PREFIX}y`,
    `${PREFIX}y\n`,
    `${PREFIX}y\0`,
    `${PREFIX}é`,
    PREFIX + 'y'.repeat(255),
  ])('K3 is to no release the name of a queue, nor what a log would break at: %j', (text) => {
    for (const version of ['3.10.8', '4.2.0', '99.0']) expect(isReplyAddress(text, version)).toBe(false)
  })
})
