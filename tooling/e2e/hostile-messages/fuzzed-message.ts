import type { Frame, FrameProperties } from '@posthorn/core/transport'
import type { Door } from './doors.ts'
import { FIELD_VALUES } from './field-values.ts'
import type { Random } from './random.ts'
import { validMessage } from './valid-message.ts'

export interface FuzzedMessage {
  readonly door: Door
  readonly frame: Pick<Frame, 'body' | 'properties'>
  readonly anonymous: boolean
}

/** The nth message: one that belongs to its door, with up to three things changed at random. */
export function fuzzedMessage(random: Random, doors: readonly Door[], n: number): FuzzedMessage {
  const door = elsewhere(random, random.pick(doors))
  const valid = validMessage(door, random.int(500))
  let properties: FrameProperties = { ...valid.properties, messageId: messageId(random, n) }
  let body: Buffer = Buffer.from(valid.body)
  for (let changes = random.int(4); changes > 0; changes--) {
    if (random.chance(0.5)) properties = otherProperties(random, door, properties)
    else body = otherBody(random, body)
  }
  const frame = { body: body.subarray(0, 2 ** 20), properties: withoutFatalDeath(door, properties) }
  return { door, frame, anonymous: random.chance(0.02) }
}

/**
 * RabbitMQ 3.10 loses its dead-lettering, for the whole node, over a message that it shall dead-letter itself and whose
 * `x-death` it cannot read. No client can keep another from that.
 */
function withoutFatalDeath({ routingKey }: Door, properties: FrameProperties): FrameProperties {
  if (!routingKey.includes('.retry.') && properties.expiration === undefined) return properties
  const { 'x-death': _, ...headers } = properties.headers ?? {}
  return { ...properties, headers }
}

/** The reader of a queue may also put its copies into a retry tier; the owner of a vhost anything into any queue. */
function elsewhere(random: Random, door: Door): Door {
  if (door.originalUser === undefined) return door
  if (random.chance(0.2)) return { ...door, routingKey: `${door.queue}.retry.1s` }
  if (door.user !== door.domain || random.chance(0.7)) return door
  const queue = random.pick([door.queue, 'q.calls'])
  return { ...door, exchange: '', routingKey: queue, queue }
}

/** Some come a second time, with this or another content. */
function messageId(random: Random, n: number): string {
  const number = random.chance(0.05) ? random.int(n + 1) : n
  return `f0220000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

const TEXT_PROPERTIES = [
  'type',
  'messageId',
  'correlationId',
  'appId',
  'contentType',
  'contentEncoding',
] as const

function otherProperties(random: Random, door: Door, valid: FrameProperties): FrameProperties {
  const name = random.pick([
    ...TEXT_PROPERTIES,
    'timestamp',
    'expiration',
    'persistent',
    'replyTo',
    'headers',
    'headers',
  ] as const)
  switch (name) {
    case 'timestamp':
      return { ...valid, timestamp: random.pick([0, 1, 2 ** 31, 2 ** 40, 2 ** 53]) }
    case 'expiration':
      // What is called expires without a trace, which the ledger could not tell from a loss.
      return door.queue === 'q.calls'
        ? { ...valid, expiration: '60000' }
        : { ...valid, expiration: random.pick(['0', '1', '500', '60000', '4294967295']) }
    case 'persistent':
      return { ...valid, persistent: !valid.persistent }
    case 'replyTo':
      return { ...valid, replyTo: replyTo(random) }
    case 'headers':
      return { ...valid, headers: { ...valid.headers, ...hostileHeaders(random) } }
    default: {
      const { [name]: held = '', ...others } = valid
      if (random.chance(0.2)) return others
      return { ...others, [name]: cut(random.chance(0.5) ? mutilated(random, held) : hostileText(random)) }
    }
  }
}

/** Not the direct address, but for calls: the link that publishes it would have to consume its answers. */
function replyTo(random: Random): string {
  const address = random.pick(['amq.rabbitmq.reply-to.', 'amq.rabbitmq.reply-to', 'amq.', ''])
  const rest = random.pick([
    () => random.bytes(random.int(60)).toString('base64'),
    () => 'g1h2AA5yZXBseUA4Nzk=',
    () => hostileText(random),
    () => 'q.commands',
  ])()
  return cut(`${address}${rest === '' ? '.' : rest}`)
}

const OWN_HEADERS = [
  'x-posthorn-time',
  'x-posthorn-causation-id',
  'x-posthorn-orig-user',
  'x-posthorn-attempt',
  'x-posthorn-failed-at',
  'x-posthorn-reason',
  'x-posthorn-handler',
  'traceparent',
  'tracestate',
  'x-death',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-delivery-count',
  '__proto__',
  'constructor',
] as const

function hostileHeaders(random: Random): Record<string, unknown> {
  const names = Array.from({ length: random.pick([1, 1, 2, 5, 100]) }, () =>
    random.chance(0.7) ? random.pick(OWN_HEADERS) : `h${hostileText(random)}`,
  )
  return Object.fromEntries(names.map((name) => [cut(name), hostileValue(random, 4)]))
}

function hostileValue(random: Random, depth: number): unknown {
  const simple = [
    () => hostileText(random),
    () => 'x'.repeat(random.int(300)),
    () => random.int(2 ** 31) - 2 ** 30,
    () => random.int(2 ** 20) * 2 ** 33,
    () => random.int(1_000) / 7,
    () => random.chance(0.5),
    () => null,
    () => random.bytes(random.int(50)),
    () => ({ '!': 'timestamp', value: random.int(2 ** 31) }),
    () => random.pick(['allocation', 'notifications', 'warehouse', 'q.commands', 'q.commands.retry.1s']),
  ]
  if (depth === 0) return random.pick(simple)()
  const length = random.int(5)
  return random.pick([
    ...simple,
    () => Array.from({ length }, () => hostileValue(random, depth - 1)),
    () =>
      Object.fromEntries(
        Array.from({ length }, () => [
          random.pick(['queue', 'reason', 'count', '__proto__', 'x']),
          hostileValue(random, depth - 1),
        ]),
      ),
  ])()
}

const TEXTS = [
  '',
  ' ',
  '0',
  'null',
  'undefined',
  'application/json',
  'application/json; charset=utf-8',
  'gzip',
  'utf-8',
  'command:allocation.GetProduct.v1',
  'command:notifications.Watch.v1',
  'event:allocation.OutOfStock.v1',
  'reply:allocation.GetProduct.v1',
  'error:allocation.GetProduct.v2',
  'allocation',
  '__proto__',
  '\u0000',
  '\r\n{"level":60}',
  '\u001b[2J',
  '🛋️',
  'e\u0301',
  '\ud800',
  '00000000-0000-0000-0000-000000000000',
  "';--",
] as const

function hostileText(random: Random): string {
  return random.pick([
    () => random.pick(TEXTS),
    () => random.pick(TEXTS) + random.pick(TEXTS),
    () => random.bytes(random.int(60)).toString('latin1'),
    () => random.bytes(random.int(60)).toString('utf8'),
    () => random.pick(['x', 'ﬀ', '🛋']).repeat(random.int(70)),
  ])()
}

/** AMQP's short strings have 255 bytes. */
function cut(text: string): string {
  let short = text
  while (Buffer.byteLength(short) > 255) short = short.slice(0, -1)
  return short
}

function mutilated(random: Random, text: string): string {
  const at = random.int(text.length + 1)
  const put = random.pick([hostileText(random), String.fromCharCode(random.int(256)), ''])
  return text.slice(0, at) + put + text.slice(at + random.int(3))
}

const JSON_VALUES = [
  ...new Set(Object.values(FIELD_VALUES).flatMap(({ bad, good }) => [...bad, ...good])),
].filter((value) => value !== null)

function otherBody(random: Random, valid: Buffer): Buffer {
  const text = valid.toString()
  const at = random.int(valid.length + 1)
  const put = (bytes: Buffer, over = 0) =>
    Buffer.concat([valid.subarray(0, at), bytes, valid.subarray(at + over)])
  return random.pick([
    () => memberReplaced(random, text),
    () => memberReplaced(random, text),
    () => memberReplaced(random, text),
    () =>
      Buffer.from(text.replace(/}$/, `,${JSON.stringify(hostileText(random))}:${random.pick(JSON_VALUES)}}`)),
    () => Buffer.from(text.replace(/}$/, `,"__proto__":${random.pick(JSON_VALUES)}}`)),
    () => Buffer.from(random.pick(JSON_VALUES)),
    () => Buffer.from(`{"x":${text}}`),
    () => Buffer.from('{"x":['.repeat(random.int(2_000)) + text),
    () => put(random.bytes(random.int(10)), random.int(10)),
    () => put(Buffer.from(hostileText(random))),
    () => valid.subarray(0, at),
    () => random.bytes(random.int(200)),
    () => Buffer.concat([valid, Buffer.alloc(random.int(2_000), 0x20)]),
    () => (random.chance(0.02) ? Buffer.concat([Buffer.from('"'), Buffer.alloc(2 ** 20, 0x78)]) : valid),
  ])()
}

/** The value of one of the members, by another of the same or any other kind. */
function memberReplaced(random: Random, text: string): Buffer {
  const members = [...text.matchAll(/:("(?:[^"\\]|\\.)*"|[\d.e+-]+|\[])/g)]
  const member = members[random.int(members.length)]
  if (member === undefined) return Buffer.from(text)
  const { index, 0: held } = member
  return Buffer.from(`${text.slice(0, index)}:${random.pick(JSON_VALUES)}${text.slice(index + held.length)}`)
}
