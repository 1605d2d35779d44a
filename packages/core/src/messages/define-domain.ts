import { PosthornError } from '../errors.ts'
import {
  type AnyErrorClass,
  type DeclaredErrorClass,
  declaredErrorClass,
  type ErrorSpec,
} from './declared-error.ts'
import type {
  AnyCommandDefinition,
  AnyEventDefinition,
  CommandDefinition,
  CommandSpec,
  ErrorSpecs,
  EventDefinition,
  EventSpec,
} from './definitions.ts'
import type { Message } from './message.ts'
import { messageMaker } from './message-maker.ts'
import { checkDomainName, checkMessageName } from './names.ts'
import { isSchema, type SchemaInput, type SchemaOutput, type StandardSchemaV1 } from './standard-schema.ts'
import { validate } from './validate.ts'

type CommandSpecs = Readonly<Record<string, CommandSpec>>
type EventSpecs = Readonly<Record<string, EventSpec>>

/** The contract of one domain: what may be asked of it, what it tells, how it fails. */
export interface Domain<
  N extends string = string,
  C = Readonly<Record<string, AnyCommandDefinition>>,
  E = Readonly<Record<string, AnyEventDefinition>>,
  X = Readonly<Record<string, AnyErrorClass>>,
> {
  readonly name: N
  readonly commands: C
  readonly events: E
  readonly errors: X
}

/** Says no more, or the compiler would infer absent `allow` and `errors` from the bound instead of from the contract. */
interface Declared<K extends string> {
  readonly kind: K
}

type CommandsOf<N extends string, C> = {
  readonly [K in keyof C & string]: C[K] extends CommandSpec<infer I, infer O, ErrorSpecs, infer A>
    ? CommandDefinition<`${N}.${K}`, SchemaInput<I>, SchemaOutput<I>, SchemaOutput<O>, A>
    : never
}

type EventsOf<N extends string, E> = {
  readonly [K in keyof E & string]: E[K] extends EventSpec<infer S>
    ? EventDefinition<`${N}.${K}`, SchemaInput<S>, SchemaOutput<S>>
    : never
}

type ErrorsIn<C> = {
  [K in keyof C]: C[K] extends CommandSpec<infer _I, infer _O, infer E, infer _A> ? E : never
}[keyof C]
type AllKeys<U> = U extends unknown ? keyof U : never
type At<U, K extends PropertyKey> = U extends Readonly<Record<K, infer V>> ? V : never
type SchemaIn<V> = V extends StandardSchemaV1 ? V : V extends ErrorSpec<infer S> ? S : never

type ErrorsOf<C> = {
  readonly [K in AllKeys<ErrorsIn<C>> & string]: DeclaredErrorClass<
    K,
    SchemaOutput<SchemaIn<At<ErrorsIn<C>, K>>>,
    SchemaInput<SchemaIn<At<ErrorsIn<C>, K>>>
  >
}

/**
 * The contract of a domain.
 *
 * Nothing global is touched: two contracts, and two buses in one process, do not see each other.
 *
 * @throws {PosthornError} `InvalidDefinition` for a bad or repeated name, one error name with two schemas, what is no
 * schema, a command among the events, or a gap in the up-casters
 */
export function defineDomain<
  const N extends string,
  C extends Readonly<Record<string, Declared<'command'>>> = Record<never, never>,
  E extends Readonly<Record<string, Declared<'event'>>> = Record<never, never>,
>(
  name: N,
  contract: { readonly commands?: C; readonly events?: E },
): Domain<N, CommandsOf<N, C>, EventsOf<N, E>, ErrorsOf<C>> {
  checkDomainName(name)
  const commands = (contract.commands ?? {}) as CommandSpecs
  const events = (contract.events ?? {}) as EventSpecs
  checkKinds(name, 'command', commands)
  checkKinds(name, 'event', events)
  for (const key of Object.keys(commands)) {
    if (Object.hasOwn(events, key))
      throw invalid(`${name}.${key} is declared twice, as a command and as an event`)
  }
  const errors = declaredErrors(name, commands)
  return Object.freeze({
    name,
    commands: mapValues(commands, (spec, key) => defineCommand(name, key, spec, errors)) as CommandsOf<N, C>,
    events: mapValues(events, (spec, key) => defineEvent(name, key, spec)) as EventsOf<N, E>,
    errors: Object.freeze(Object.fromEntries(errors)) as ErrorsOf<C>,
  })
}

function checkKinds(
  domain: string,
  kind: Message['kind'],
  specs: Readonly<Record<string, Declared<string>>>,
) {
  for (const [key, spec] of Object.entries(specs)) {
    if (spec.kind !== kind) throw invalid(`${domain}.${key} stands among the ${kind}s, but is no ${kind}`)
  }
}

function declaredErrors(domain: string, commands: CommandSpecs): Map<string, DeclaredErrorClass> {
  const specs = new Map<string, StandardSchemaV1 | ErrorSpec>()
  for (const { errors } of Object.values(commands)) {
    for (const [name, spec] of Object.entries(errors)) {
      checkMessageName(domain, name)
      const known = specs.get(name)
      if (known !== undefined && known !== spec) {
        throw invalid(`Error ${domain}.${name} is declared with two schemas; declare it once and share it`)
      }
      specs.set(name, spec)
    }
  }
  return new Map(
    [...specs].map(([name, given]) => {
      const spec = isSchema(given) ? { data: given, message: undefined } : given
      if (!isSchema(spec?.data)) throw invalid(`Error ${domain}.${name} has no schema for its data`)
      return [name, declaredErrorClass(domain, name, spec)]
    }),
  )
}

function defineCommand(
  domain: string,
  name: string,
  spec: CommandSpec,
  errors: Map<string, DeclaredErrorClass>,
) {
  const declared = Object.fromEntries(Object.keys(spec.errors).map((key) => [key, errors.get(key)]))
  const { output } = spec
  return Object.freeze(
    Object.assign(messageMaker(domain, name, 'command', spec.input, spec), {
      allow: Object.freeze([...spec.allow]),
      errors: Object.freeze(declared),
      resultSchema: output,
      result: (value: unknown) =>
        output === undefined ? undefined : validate(output, value, `result of ${domain}.${name}`),
    }),
  )
}

function defineEvent(domain: string, name: string, spec: EventSpec) {
  return Object.freeze(
    Object.assign(messageMaker(domain, name, 'event', spec.payload, spec), { private: spec.private }),
  )
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, change: (value: V, key: string) => R) {
  return Object.freeze(
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)])),
  )
}

function invalid(message: string): PosthornError<'InvalidDefinition'> {
  return new PosthornError('InvalidDefinition', message)
}
