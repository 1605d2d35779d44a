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
  Envelope,
  ErrorSpecs,
  EventDefinition,
  EventSpec,
  Upcasters,
} from './definitions.ts'
import { type Cause, deepFreeze, type Message } from './message.ts'
import { checkDomainName, checkMessageName } from './names.ts'
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from './standard-schema.ts'
import { uuidV7 } from './uuid-v7.ts'
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
 * @throws {PosthornError} `InvalidDefinition` for a bad or repeated name, one error name with two schemas, or a gap in
 * the up-casters
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
    [...specs].map(([name, spec]) => [
      name,
      declaredErrorClass(domain, name, '~standard' in spec ? { data: spec, message: undefined } : spec),
    ]),
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

function messageMaker(
  domain: string,
  name: string,
  kind: Message['kind'],
  schema: StandardSchemaV1,
  spec: {
    readonly key: ((payload: never) => string) | undefined
    readonly version: number
    readonly from: Upcasters
  },
) {
  checkMessageName(domain, name)
  checkVersions(`${domain}.${name}`, spec.version, spec.from)
  const type = `${domain}.${name}`
  const subject = `payload of ${type}`
  const { version } = spec
  const key = spec.key as ((payload: unknown) => string) | undefined

  const make = (payload: unknown, cause?: Cause): Message => {
    const id = uuidV7()
    const valid = deepFreeze(validate(schema, payload, subject))
    return Object.freeze({
      id,
      type,
      kind,
      version,
      time: new Date().toISOString(),
      payload: valid,
      correlationId: cause?.correlationId ?? id,
      causationId: cause?.id ?? null,
      traceparent: cause?.traceparent ?? null,
      key: key?.(valid) ?? null,
    })
  }

  const receive = (envelope: Envelope): Message => {
    if (envelope.version > version) {
      throw new PosthornError(
        'UnknownVersion',
        `${type} version ${envelope.version} is newer than version ${version}, the newest known here; deploy the newer contract`,
        { outcome: 'refused', details: { type, version: envelope.version } },
      )
    }
    let payload = envelope.payload
    for (let from = envelope.version; from < version; from++) {
      payload = (spec.from[from] as (payload: unknown) => unknown)(payload)
    }
    const valid = deepFreeze(validate(schema, payload, subject))
    return Object.freeze({
      id: envelope.id,
      type,
      kind,
      version,
      time: envelope.time,
      payload: valid,
      correlationId: envelope.correlationId,
      causationId: envelope.causationId,
      traceparent: envelope.traceparent,
      key: key?.(valid) ?? null,
    })
  }

  return Object.assign(make, { kind, type, domain, version, receive })
}

function checkVersions(type: string, version: number, from: Upcasters): void {
  if (!Number.isInteger(version) || version < 1 || version > 999) {
    throw invalid(`${type} has version ${version}; versions are whole numbers from 1 to 999`)
  }
  for (let older = 1; older < version; older++) {
    if (from[older] === undefined)
      throw invalid(`${type} is at version ${version} but has no up-caster from ${older}`)
  }
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, change: (value: V, key: string) => R) {
  return Object.freeze(
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)])),
  )
}

function invalid(message: string): PosthornError<'InvalidDefinition'> {
  return new PosthornError('InvalidDefinition', message)
}
