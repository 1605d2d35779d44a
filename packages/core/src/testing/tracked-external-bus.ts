import type { ExternalBus } from '../external-bus/external-bus.ts'
import type { System } from '../messages/define-system.ts'
import type { Command, Event, Message } from '../messages/message.ts'
import { splitType } from '../messages/names.ts'
import type { StoredMessage } from '../outbox/outbox.ts'
import type { Tracker } from './tracker.ts'

/** An external bus that tells what goes out through it. */
export function trackedExternalBus<D extends string>(
  bus: ExternalBus<D>,
  system: System,
  tracker: Tracker,
): ExternalBus<D> {
  const outward: Partial<Record<keyof ExternalBus, unknown>> = {
    call: (command: Command, options?: Parameters<ExternalBus['call']>[1]) => {
      tracker.await(command)
      tracker.send(command)
      // It is for the caller to know whether he may.
      return bus.call(command as never, options)
    },
    send: async (command: Command) => {
      tracker.leave(command)
      await bus.send(command as never)
      tracker.send(command)
    },
    publish: async (event: Event) => {
      await bus.publish(event)
      tracker.send(event)
    },
    forward: async (stored: StoredMessage) => {
      tracker.leave(stored)
      await bus.forward(stored)
      tracker.send(asMessage(stored, system))
    },
    handle: (message: Command | Event, options?: Parameters<ExternalBus['call']>[1]) =>
      message.kind === 'command' ? tracked.call(message as never, options) : tracked.publish(message),
  }
  const tracked = new Proxy(bus, {
    get(target, key) {
      if (Object.hasOwn(outward, key)) return outward[key as keyof ExternalBus]
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return tracked
}

function asMessage({ body, ...envelope }: StoredMessage, { domains }: System): Message {
  const { domain: owner, name } = splitType(envelope.type)
  const domain = domains.get(owner)
  const definition = domain?.commands[name] ?? domain?.events[name]
  const payload: unknown = JSON.parse(body)
  return definition?.receive({ ...envelope, payload }) ?? { ...envelope, payload, key: null }
}
