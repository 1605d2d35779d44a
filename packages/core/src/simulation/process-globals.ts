import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import type { Surroundings } from './surroundings.ts'
import { delay, every, timeoutSignal, timer, VirtualTimer } from './virtual-timers.ts'

const RealDate = Date
const realMath = Math.random
const realNow = performance.now.bind(performance)

let current: Surroundings | undefined

/**
 * Makes these the surroundings of all code until the function given is called. @see replaceGlobals
 *
 * @param stacks whether errors have any
 */
export function enter(surroundings: Surroundings, stacks: boolean): () => void {
  const { stackTraceLimit } = Error
  current = surroundings
  // Nobody reads the stacks of errors that are part of the game, and they cost a good part of the time.
  if (!stacks) Error.stackTraceLimit = 0
  return () => {
    current = undefined
    Error.stackTraceLimit = stackTraceLimit
  }
}

const replaced: {
  readonly owner: object
  readonly key: string
  readonly before: PropertyDescriptor | undefined
}[] = []

/**
 * Replaces what a process gives its code of time and chance, also for modules that have imported it by name. Outside of
 * `enter` the replacements do what they replace. Gives the function that puts everything back.
 */
export function replaceGlobals(): () => void {
  const crypto = process.getBuiltinModule('node:crypto')
  const timers = process.getBuiltinModule('node:timers')
  const delays = process.getBuiltinModule('node:timers/promises')

  replace(globalThis, 'Date', virtualDate())
  replace(Math, 'random', () => current?.random() ?? realMath())
  replace(performance, 'now', () => current?.now() ?? realNow())
  replaceGetter(performance, 'timeOrigin', (surroundings) => surroundings.date() - surroundings.now())
  replace(process, 'hrtime', virtualHrtime())
  replaceCall(AbortSignal, 'timeout', timeoutSignal)
  replaceCall(process, 'emitWarning', (surroundings, warning) => surroundings.warn(String(warning)))

  const uuid = (surroundings: Surroundings) => uuidV4(bytes(surroundings, new Uint8Array(16)))
  for (const owner of [crypto, globalThis.crypto]) replaceCall(owner, 'randomUUID', uuid)
  // The function of this name in `node:crypto` is this one.
  replaceCall(globalThis.crypto, 'getRandomValues', (surroundings, array) => fill(surroundings, array))
  replaceCall(crypto, 'randomFillSync', (surroundings, array) => fill(surroundings, array))
  replaceCall(crypto, 'randomBytes', (surroundings, size) => bytes(surroundings, Buffer.alloc(Number(size))))
  replaceCall(crypto, 'randomInt', (surroundings, a, b) => {
    const [min, max] = b === undefined ? [0, Number(a)] : [Number(a), Number(b)]
    return min + Math.floor(surroundings.random() * (max - min))
  })

  replaceCall(delays, 'setTimeout', delay)
  replaceCall(delays, 'setInterval', every)
  replaceCall(delays, 'setImmediate', (surroundings, value, options) =>
    delay(surroundings, 0, value, options),
  )
  replaceCall(delays.scheduler, 'wait', (surroundings, ms, options) =>
    delay(surroundings, ms, undefined, options),
  )
  replaceCall(delays.scheduler, 'yield', (surroundings) => delay(surroundings, 0, undefined, undefined))
  for (const owner of [globalThis, timers]) {
    replaceCall(owner, 'setTimeout', (surroundings, fn, ms, ...args) =>
      timer(surroundings, fn, ms, args, false),
    )
    replaceCall(owner, 'setInterval', (surroundings, fn, ms, ...args) =>
      timer(surroundings, fn, ms, args, true),
    )
    replaceCall(owner, 'setImmediate', (surroundings, fn, ...args) => timer(surroundings, fn, 0, args, false))
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
      const real = Reflect.get(owner, name) as (handle: unknown) => void
      replace(owner, name, (handle: unknown) => {
        if (handle instanceof VirtualTimer) handle.close()
        else real(handle)
      })
    }
    promisified(owner.setTimeout, delays.setTimeout)
    promisified(owner.setImmediate, delays.setImmediate)
  }
  syncBuiltinESMExports()

  return () => {
    for (const { owner, key, before } of replaced.splice(0).reverse()) {
      if (before === undefined) Reflect.deleteProperty(owner, key)
      else Object.defineProperty(owner, key, before)
    }
    syncBuiltinESMExports()
  }
}

type Virtual = (surroundings: Surroundings, ...args: readonly unknown[]) => unknown

function replaceCall(owner: object, key: string, virtual: Virtual): void {
  const real = Reflect.get(owner, key) as (...args: unknown[]) => unknown
  replace(owner, key, (...args: unknown[]) =>
    current === undefined ? Reflect.apply(real, owner, args) : virtual(current, ...args),
  )
}

function replace(owner: object, key: string, value: unknown): void {
  replaced.push({ owner, key, before: Object.getOwnPropertyDescriptor(owner, key) })
  Object.defineProperty(owner, key, { value, configurable: true, writable: true, enumerable: true })
}

function replaceGetter(owner: object, key: string, virtual: (surroundings: Surroundings) => unknown): void {
  const real: unknown = Reflect.get(owner, key)
  replaced.push({ owner, key, before: Object.getOwnPropertyDescriptor(owner, key) })
  const get = () => (current === undefined ? real : virtual(current))
  Object.defineProperty(owner, key, { get, configurable: true, enumerable: true })
}

/** What `util.promisify` makes of it. */
function promisified(timer: object, promising: unknown): void {
  Object.defineProperty(timer, promisify.custom, { value: promising })
}

function virtualHrtime(): NodeJS.HRTime {
  const real = process.hrtime
  const bigint = () =>
    current === undefined ? real.bigint() : BigInt(Math.round(current.now() * 1_000)) * 1_000n
  const hrtime = (before: readonly [number, number] = [0, 0]): [number, number] => {
    if (current === undefined) return real([...before])
    const ns = bigint() - BigInt(before[0]) * 1_000_000_000n - BigInt(before[1])
    return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)]
  }
  return Object.assign(hrtime, { bigint })
}

/** The same class for everybody, but for what `now` is. */
function virtualDate(): DateConstructor {
  const now = () => current?.date() ?? RealDate.now()
  return new Proxy(RealDate, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  })
}

function fill<T>(surroundings: Surroundings, array: T): T {
  if (ArrayBuffer.isView(array)) {
    bytes(surroundings, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  }
  return array
}

function bytes<T extends Uint8Array>(surroundings: Surroundings, array: T): T {
  for (let i = 0; i < array.length; i++) array[i] = Math.floor(surroundings.random() * 256)
  return array
}

function uuidV4(random: Uint8Array): string {
  random[6] = ((random[6] ?? 0) & 0x0f) | 0x40
  random[8] = ((random[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
