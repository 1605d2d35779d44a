import {
  CALL_QUEUE,
  COMMAND_QUEUE,
  callKey,
  commandExchange,
  EVENTS_EXCHANGE,
  eventKey,
  eventQueue,
  sendKey,
} from '../external-bus/names.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import { splitType } from '../messages/names.ts'
import type { JsonObject } from './async-api-document.ts'
import type { AsyncApiDraft, Reference } from './async-api-draft.ts'
import { describeAnswers, describeMessage } from './async-api-messages.ts'

/** What others ask of a domain: its commands that allow somebody, sent or called. */
export function addHandled(draft: AsyncApiDraft, domain: Domain): void {
  for (const command of Object.values(domain.commands)) {
    if (command.allow.length === 0) continue
    const about = { description: `Allowed: ${command.allow.join(', ')}.`, 'x-posthorn-allow': command.allow }
    const { name } = splitType(command.type)
    const message = describeMessage(draft, command)
    receive(draft, `${domain.name}.handle.${name}`, {
      ...about,
      ...on(draft, domain.name, queue(draft, domain.name, COMMAND_QUEUE), message),
    })
    receive(draft, `${domain.name}.answer.${name}`, {
      ...about,
      ...on(draft, domain.name, queue(draft, domain.name, CALL_QUEUE), message),
      reply: reply(draft, command),
    })
  }
}

/** What a domain tells everybody who subscribes: its public events. */
export function addPublished(draft: AsyncApiDraft, domain: Domain): void {
  for (const event of Object.values(domain.events)) {
    if (event.private) continue
    const { name } = splitType(event.type)
    const route = exchange(draft, domain.name, EVENTS_EXCHANGE, 'topic', eventKey(event.type))
    send(
      draft,
      `${domain.name}.publish.${name}`,
      on(draft, domain.name, route, describeMessage(draft, event)),
    )
  }
}

/** The commands of a domain that a member may use, sent or called. */
export function addUsed(draft: AsyncApiDraft, domain: Domain, member: string): void {
  for (const command of Object.values(domain.commands)) {
    if (!command.allow.includes(member)) continue
    const route = (key: string) => exchange(draft, domain.name, commandExchange(member), 'direct', key)
    const message = describeMessage(draft, command)
    send(
      draft,
      `${member}.send.${command.type}`,
      on(draft, domain.name, route(sendKey(command.type)), message),
    )
    send(draft, `${member}.call.${command.type}`, {
      ...on(draft, domain.name, route(callKey(command.type)), message),
      reply: reply(draft, command),
    })
  }
}

/** What a member is told. */
export function addSubscribed(
  draft: AsyncApiDraft,
  events: readonly AnyEventDefinition[],
  member: string,
): void {
  for (const event of events) {
    const route = queue(draft, event.domain, eventQueue(member))
    receive(
      draft,
      `${member}.hear.${event.type}`,
      on(draft, event.domain, route, describeMessage(draft, event)),
    )
  }
}

interface Route {
  readonly channel: string
  readonly address: string
  readonly bindings: JsonObject
}

function queue(draft: AsyncApiDraft, domain: string, name: string): Route {
  const vhost = draft.vhost(domain)
  return {
    channel: `${domain}.${name}`,
    address: name,
    bindings: { is: 'queue', queue: { name, durable: true, exclusive: false, autoDelete: false, vhost } },
  }
}

function exchange(draft: AsyncApiDraft, domain: string, name: string, type: string, key: string): Route {
  const vhost = draft.vhost(domain)
  return {
    channel: `${domain}.${name}.${key}`,
    address: key,
    bindings: { is: 'routingKey', exchange: { name, type, durable: true, autoDelete: false, vhost } },
  }
}

function on(draft: AsyncApiDraft, domain: string, { channel, address, bindings }: Route, message: string) {
  const reference = draft.carry(domain, channel, address, bindings, message)
  return { channel: { $ref: `#/channels/${channel}` }, messages: [reference] }
}

/** Answers go where the caller says, by direct reply-to. */
function reply(draft: AsyncApiDraft, command: AnyCommandDefinition): JsonObject {
  const channel = `${command.domain}.replies`
  const messages: Reference[] = describeAnswers(draft, command).map((name) =>
    draft.carry(command.domain, channel, null, {}, name),
  )
  return {
    address: { location: '$message.header#/reply_to', description: 'AMQP’s property `reply_to`.' },
    channel: { $ref: `#/channels/${channel}` },
    messages,
  }
}

function send(draft: AsyncApiDraft, name: string, operation: JsonObject): void {
  const amqp = { mandatory: true, ack: false, bindingVersion: '0.3.0' }
  draft.operation(name, { action: 'send', ...operation, bindings: { amqp } })
}

function receive(draft: AsyncApiDraft, name: string, operation: JsonObject): void {
  draft.operation(name, {
    action: 'receive',
    ...operation,
    bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
  })
}
