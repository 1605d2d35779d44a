import { PosthornError } from '../errors.ts'
import type { System } from '../messages/define-system.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { splitType } from '../messages/names.ts'
import type { Frame } from './broker.ts'
import type { BusSession } from './bus-session.ts'
import type { BusSettings } from './bus-settings.ts'
import type { DomainLink } from './domain-link.ts'
import { publishObserved } from './observed-frames.ts'
import { DEFAULT_TIMEOUT } from './pending-calls.ts'
import { eventFrame, type Outgoing, sendFrame } from './wire-format.ts'

/** Publishes one's own public event. Where nobody subscribes, the broker's return is not a failure. */
export function publishEvent(settings: BusSettings, session: BusSession, event: Outgoing): Promise<void> {
  const { domain, system } = settings
  const { domain: owner, name } = splitType(event.type)
  if (owner !== domain) {
    throw refuse(
      'ForeignMessage',
      `${event.type} is an event of ${owner}; ${domain} can only publish its own`,
    )
  }
  const definition = system.domains.get(owner)?.events[name]
  if (definition === undefined) throw unknownMessage(event.type)
  if (definition.private)
    throw refuse('PrivateEvent', `${event.type} is private and does not leave ${domain}`)
  const own = session.link(domain)
  if (own === undefined) throw notStarted()
  const { broker, instance, telemetry } = settings
  const frame = eventFrame(event, instance)
  if (telemetry === undefined) return publishFrame(system, own, event, frame)
  return publishObserved(telemetry, broker, event, frame, (observed) =>
    publishFrame(system, own, event, observed),
  )
}

function publishFrame(system: System, { link }: DomainLink, event: Outgoing, frame: Frame): Promise<void> {
  return link.publish(frame, DEFAULT_TIMEOUT).catch((cause: unknown) => {
    if (!(cause instanceof PosthornError && cause.code === 'Unroutable')) throw cause
    if (!hasSubscriber(system, event.type)) return
    throw new PosthornError(
      'PublishFailed',
      `${event.type} ${event.id} reached no queue though the system lists subscribers; provision the broker again`,
      { outcome: 'not-executed', retryable: true, details: { type: event.type, messageId: event.id }, cause },
    )
  })
}

/** Hands a command over to another domain. */
export function sendCommand(settings: BusSettings, session: BusSession, command: Outgoing): Promise<void> {
  const { target } = destination(settings, session, command.type)
  const { domain, broker, instance, telemetry } = settings
  const frame = sendFrame(command, domain, instance)
  if (telemetry === undefined) return target.link.publish(frame, DEFAULT_TIMEOUT)
  return publishObserved(telemetry, broker, command, frame, (observed) =>
    target.link.publish(observed, DEFAULT_TIMEOUT),
  )
}

/** Where a command goes, and what the contract says about it. */
export function destination(
  { domain, system }: BusSettings,
  session: BusSession,
  type: string,
): { readonly target: DomainLink; readonly definition: CommandDefinition } {
  const { domain: owner, name } = splitType(type)
  if (owner === domain) {
    throw refuse('OwnMessage', `${type} is a command of ${domain} itself: handle it on the internal bus`)
  }
  const definition = system.domains.get(owner)?.commands[name]
  if (definition === undefined) throw unknownMessage(type)
  const target = session.link(owner)
  if (target === undefined) {
    throw refuse('UnregisteredDomain', `${type} cannot be sent: ${owner} was not registered before the start`)
  }
  if (!target.mayCall)
    throw refuse('Forbidden', `${domain} may use no command of ${owner}, so not ${type} either`)
  return { target, definition }
}

export function notStarted(): PosthornError<'BusNotStarted'> {
  return new PosthornError('BusNotStarted', 'The external bus is not started; start it before using it', {
    outcome: 'not-executed',
    retryable: true,
  })
}

function hasSubscriber(system: System, type: string): boolean {
  return [...system.subscriptions.values()].some((events) => events.some((event) => event.type === type))
}

function unknownMessage(type: string): PosthornError<'UnknownMessage'> {
  return refuse('UnknownMessage', `The system has no message ${type}`)
}

function refuse<C extends string>(code: C, message: string): PosthornError<C> {
  return new PosthornError(code, message, { outcome: 'not-executed' })
}
