import type { VhostPlan } from '@posthorn/core/transport'
import type { ConfirmChannel } from 'amqplib'

type Right = 'configure' | 'write' | 'read'

/** One thing that a client may try in a vhost, and the rights on resources without which RabbitMQ refuses it. */
export interface BrokerOperation {
  readonly name: string
  readonly needs: readonly Need[]
  run(channel: ConfirmChannel): Promise<unknown>
}

interface Need {
  readonly right: Right
  readonly resource: string
  /** At a topic exchange the routing key is asked about too. */
  readonly key?: string
}

/** Does not exist, and is nobody's to make. */
const NEW_EXCHANGES = ['x.new', 'shop.x.new', 'q.new']
const NEW_QUEUES = ['q.new', 'shop.q.new', 'x.new']
/** Every vhost has it. */
const BROKERS_OWN = 'amq.topic'

/**
 * Every operation on every exchange and queue of the vhost, on the broker's own, and on some that do not exist, but for
 * passive declarations: {@link lookupsOf}. Deletions and purges come last.
 */
export function operationsIn(vhost: VhostPlan): readonly BrokerOperation[] {
  const exchanges = [...vhost.exchanges.map(({ name }) => name), BROKERS_OWN]
  const queues = vhost.queues.map(({ name }) => name)
  return [
    ...['', ...exchanges].flatMap((exchange) => keysOf(vhost).map((key) => publish(exchange, key))),
    ...[...exchanges, ...NEW_EXCHANGES].flatMap((exchange) => [
      declareExchange(exchange),
      ...exchanges.flatMap((source) => bindExchange(source, exchange)),
    ]),
    ...[...queues, ...NEW_QUEUES].flatMap((queue) => [
      declareQueue(queue),
      ...exchanges.flatMap((source) => bindQueue(source, queue)),
    ]),
    ...queues.flatMap(readQueue),
    ...[...exchanges, ...NEW_EXCHANGES].map(deleteExchange),
    ...[...queues, ...NEW_QUEUES].map(deleteQueue),
  ]
}

/**
 * Passive declarations of everything. Before 4.2.6 RabbitMQ allows them to whoever may enter; then to those alone who have
 * some right to the object.
 */
export function lookupsOf(vhost: VhostPlan): readonly BrokerOperation[] {
  return [
    ...vhost.exchanges.map(({ name }) => ({
      name: `look up exchange ${name}`,
      needs: [],
      run: (channel: ConfirmChannel) => channel.checkExchange(name),
    })),
    ...vhost.queues.map(({ name }) => ({
      name: `look up queue ${name}`,
      needs: [],
      run: (channel: ConfirmChannel) => channel.checkQueue(name),
    })),
  ]
}

/** Whether a user has some right to what a lookup is about. */
export function mayUse(vhost: VhostPlan, user: string, { name }: BrokerOperation): boolean {
  const resource = name.slice(name.lastIndexOf(' ') + 1)
  return (['write', 'read'] as const).some((right) => isGranted(vhost, user, { right, resource }))
}

/** Whether the plan gives a user all that an operation needs, by RabbitMQ's rules. */
export function isPlanned(vhost: VhostPlan, user: string, { needs }: BrokerOperation): boolean {
  return needs.every((need) => isGranted(vhost, user, need))
}

function isGranted(vhost: VhostPlan, user: string, { right, resource, key }: Need): boolean {
  const permission = vhost.permissions.find((one) => one.user === user)
  if (permission === undefined || !new RegExp(permission[right]).test(resource)) return false
  if (key === undefined || right === 'configure') return true
  const topic = vhost.topicPermissions.find((one) => one.user === user && one.exchange === resource)
  return topic === undefined || new RegExp(topic[right]).test(key)
}

/** One of each kind in use, the names of queues (which the default exchange and the retry exchanges route), and a stranger. */
function keysOf({ bindings, queues }: VhostPlan): readonly string[] {
  const inUse = ['evt.', 'cmd.', 'call.'].flatMap(
    (kind) => bindings.find(({ routingKey }) => routingKey.startsWith(kind))?.routingKey ?? [],
  )
  return [
    ...new Set([...inUse, 'evt.Stranger', 'cmd.Stranger', ...queues.slice(0, 2).map(({ name }) => name)]),
  ]
}

function publish(exchange: string, key: string): BrokerOperation {
  return {
    name: `publish to ${exchange || '""'} with ${key}`,
    needs: [{ right: 'write', resource: exchange || 'amq.default', key }],
    run: (channel) => {
      channel.publish(exchange, key, Buffer.from('x'))
      return channel.waitForConfirms()
    },
  }
}

function declareExchange(exchange: string): BrokerOperation {
  return {
    name: `declare exchange ${exchange}`,
    needs: [{ right: 'configure', resource: exchange }],
    run: (channel) => channel.assertExchange(exchange, 'topic'),
  }
}

function deleteExchange(exchange: string): BrokerOperation {
  return {
    name: `delete exchange ${exchange}`,
    needs: [{ right: 'configure', resource: exchange }],
    run: (channel) => channel.deleteExchange(exchange),
  }
}

function declareQueue(queue: string): BrokerOperation {
  return {
    name: `declare queue ${queue}`,
    needs: [{ right: 'configure', resource: queue }],
    run: (channel) => channel.assertQueue(queue),
  }
}

function deleteQueue(queue: string): BrokerOperation {
  return {
    name: `delete queue ${queue}`,
    needs: [{ right: 'configure', resource: queue }],
    run: (channel) => channel.deleteQueue(queue),
  }
}

function bindExchange(source: string, exchange: string): readonly BrokerOperation[] {
  const needs = bindingNeeds(source, exchange)
  return [
    {
      name: `bind ${source} to exchange ${exchange}`,
      needs,
      run: (channel) => channel.bindExchange(exchange, source, '#'),
    },
    {
      name: `unbind ${source} from exchange ${exchange}`,
      needs,
      run: (channel) => channel.unbindExchange(exchange, source, '#'),
    },
  ]
}

function bindQueue(source: string, queue: string): readonly BrokerOperation[] {
  const needs = bindingNeeds(source, queue)
  return [
    {
      name: `bind ${source} to queue ${queue}`,
      needs,
      run: (channel) => channel.bindQueue(queue, source, '#'),
    },
    {
      name: `unbind ${source} from queue ${queue}`,
      needs,
      run: (channel) => channel.unbindQueue(queue, source, '#'),
    },
  ]
}

function bindingNeeds(source: string, destination: string): readonly Need[] {
  return [
    { right: 'write', resource: destination },
    { right: 'read', resource: source, key: '#' },
  ]
}

function readQueue(queue: string): readonly BrokerOperation[] {
  const needs: readonly Need[] = [{ right: 'read', resource: queue }]
  return [
    { name: `consume ${queue}`, needs, run: (channel) => channel.consume(queue, () => undefined) },
    { name: `get from ${queue}`, needs, run: (channel) => channel.get(queue) },
    { name: `purge ${queue}`, needs, run: (channel) => channel.purgeQueue(queue) },
  ]
}
