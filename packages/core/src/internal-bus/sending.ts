import type { AnyCommandDefinition, MessageOf } from '../messages/definitions.ts'
import type { Event } from '../messages/message.ts'

/** What a command's definition takes. */
type InputOf<C extends AnyCommandDefinition> = Parameters<C>[0]

/** An event's handler that does nothing but send: it fits a domain's table if the domain may send that command. */
type SendingHandler<E extends Event, C extends AnyCommandDefinition> = (
  event: E,
  unit: { readonly send: (command: MessageOf<C>) => void },
) => void

/**
 * An event's handler that sends a command: whenever `when(event)`, then `command(payload(event))`. It translates between
 * two languages, so that neither domain's model learns the other's.
 *
 * The command goes through the outbox of the handler's unit, with an id and a time of its own and the event as its
 * cause: to the broker, or to this process if it is the domain's own. Give it to `shared` to have it sent by the unit
 * that raised the event, without a transaction of its own; a fault in it then undoes everything.
 *
 * @param options.when absent: for every event. It says, or `payload` does, which event it takes, as any handler would
 * @param options.payload may be absent if the event's own payload fits the command
 * @throws {ValidationFailed} when handling an event whose translation does not fit the command
 */
export function sending<C extends AnyCommandDefinition, E extends Event>(
  command: C,
  options: { readonly when?: (event: E) => boolean; readonly payload: (event: E) => InputOf<C> },
): SendingHandler<E, C>
export function sending<C extends AnyCommandDefinition, E extends Event<string, InputOf<C>>>(
  command: C,
  options?: { readonly when?: (event: E) => boolean },
): SendingHandler<E, C>
export function sending<C extends AnyCommandDefinition, E extends Event>(
  command: C,
  {
    when = () => true,
    payload = (event) => event.payload as InputOf<C>,
  }: { readonly when?: (event: E) => boolean; readonly payload?: (event: E) => InputOf<C> } = {},
): SendingHandler<E, C> {
  return (event, unit) => {
    if (when(event)) unit.send(command(payload(event)) as MessageOf<C>)
  }
}
