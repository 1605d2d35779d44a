import type { HandlerContext, Outgoing } from '../internal-bus/handlers.ts'
import type { Command, Event, Message } from '../messages/message.ts'
import { splitType } from '../messages/names.ts'
import type { Aggregate } from '../unit-of-work/repository.ts'
import type { UnitOfWork, UnitsOfWork } from '../unit-of-work/unit-of-work.ts'
import { Outcome } from './outcome.ts'

type Handle<M extends Message, U, N extends object, T> = (
  message: M,
  unit: U,
  context: HandlerContext<N>,
) => T

/** A handler as it stands in the tables of a bus: a function, or what `shared` or `detached` has made of one. */
type TestedHandler<M extends Message, R extends object, D extends string, N extends object, T> =
  | Handle<M, UnitOfWork<R, D>, N, T>
  | { readonly transaction: 'shared'; readonly handle: Handle<M, UnitOfWork<R, D>, N, T> }
  | { readonly transaction: 'none'; readonly handle: Handle<M, Outgoing<D>, N, T> }

/** What stands before a handler is called. */
export interface GivenUnits<R extends object, D extends string> {
  /**
   * Calls a handler once, in a unit of work that is committed if it succeeds. What it raised and sent goes nowhere, but
   * into the outcome. `context` is what the handler is told besides; its caller is by default the message's own domain.
   */
  when<M extends Message, T, N extends object = object>(
    handler: TestedHandler<M, R, D, N, T>,
    message: M,
    context?: Partial<HandlerContext<N>>,
  ): Promise<Outcome<Awaited<T>>>
}

/** An aggregate before something is done to it. */
export interface GivenAggregate<A extends Aggregate> {
  /** Has the aggregate do something; what it had raised before does not count. */
  when<T>(act: (aggregate: A) => T): Outcome<T>
}

/**
 * What is given, for one handler or one aggregate: `given(units, setUp).when(handler, message)` or
 * `given(aggregate).when(act)`. `setUp` works in a unit of its own, which is committed.
 */
export function given<A extends Aggregate>(aggregate: A): GivenAggregate<A>
export function given<R extends object, D extends string>(
  units: UnitsOfWork<R, D>,
  setUp?: (unit: UnitOfWork<R, D>) => unknown,
): GivenUnits<R, D>
export function given<R extends object, D extends string>(
  what: Aggregate | UnitsOfWork<R, D>,
  setUp?: (unit: UnitOfWork<R, D>) => unknown,
): GivenAggregate<Aggregate> | GivenUnits<R, D> {
  if ('begin' in what) return givenUnits(what, setUp)
  return givenAggregate(what)
}

function givenAggregate<A extends Aggregate>(aggregate: A): GivenAggregate<A> {
  return {
    when<T>(act: (aggregate: A) => T) {
      aggregate.events.length = 0
      try {
        const result = act(aggregate)
        return new Outcome<T>({ ok: true, result }, [...aggregate.events])
      } catch (error) {
        return new Outcome<T>({ ok: false, error }, [])
      }
    },
  }
}

function givenUnits<R extends object, D extends string>(
  units: UnitsOfWork<R, D>,
  setUp: (unit: UnitOfWork<R, D>) => unknown = () => undefined,
): GivenUnits<R, D> {
  return {
    async when(handler, message, context) {
      await inUnit(units, setUp)
      const told = { ...contextOf(message), ...context } as HandlerContext<never>
      const messages: Message[] = []
      try {
        const result = await inUnit(units, (unit) => call(handler, message, unit, told), messages)
        return new Outcome({ ok: true, result }, messages)
      } catch (error) {
        // They have gone with the unit.
        return new Outcome({ ok: false, error }, [])
      }
    },
  }
}

/** @param messages gets what was raised and sent, unless the work failed */
async function inUnit<R extends object, D extends string, T>(
  units: UnitsOfWork<R, D>,
  work: (unit: UnitOfWork<R, D>) => T,
  messages: Message[] = [],
): Promise<Awaited<T>> {
  const transaction = await units.begin()
  try {
    const result = await work(transaction.unit)
    messages.push(...transaction.takeMessages())
    await transaction.commit()
    return result
  } finally {
    await transaction.rollback()
  }
}

function call<M extends Message, R extends object, D extends string, N extends object, T>(
  handler: TestedHandler<M, R, D, N, T>,
  message: M,
  unit: UnitOfWork<R, D>,
  context: HandlerContext<N>,
): T {
  if (typeof handler === 'function') return handler(message, unit, context)
  if (handler.transaction === 'shared') return handler.handle(message, unit, context)
  const outgoing: Outgoing<D> = {
    publish: (event: Event) => unit.publish(event),
    send: (command: Command) => unit.send(command as never),
  }
  return handler.handle(message, outgoing, context)
}

function contextOf({ type }: Message): HandlerContext {
  const { signal } = new AbortController()
  return { caller: splitType(type).domain, redelivered: false, attempt: 1, signal, dependencies: {} }
}
