/** Somebody who acts in a simulation: a process, the broker, a store. Each step is one actor's. */
export interface Actor {
  readonly name: string
  /** Steps of an actor that is no more are dropped. */
  alive: boolean
  /** Until then, in µs of virtual time, it does nothing. */
  pausedUntil: number
  /** How many times longer everything takes on its way from and to it. */
  slowness: number
  /** How far its calendar is wrong, in ms. */
  skew: number
}

export function actor(name: string): Actor {
  return { name, alive: true, pausedUntil: 0, slowness: 1, skew: 0 }
}

/** The broker's name. */
export const BROKER = 'broker'

/** The name of a service's store. */
export function storeName(domain: string): string {
  return `${domain}'s store`
}

export function isStore(name: string): boolean {
  return name.endsWith("'s store")
}
