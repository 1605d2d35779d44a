import type { Clock } from '../clock.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import { Relay, type RelayOptions } from '../outbox/relay.ts'
import type { ServiceParts } from './world.ts'

interface JoinOptions extends Pick<RelayOptions, 'onError'> {
  readonly clock: Clock
}

/** Joins a service's parts with its external bus, as a bootstrap does, and starts all but that bus. Gives the relay. */
export async function joinService(
  { bus, outbox }: ServiceParts,
  externalBus: ExternalBus,
  { clock, onError = () => undefined }: JoinOptions,
): Promise<Relay> {
  bus.listenTo(externalBus)
  await bus.start()
  const relay = new Relay({
    queue: outbox,
    forward: (message) => externalBus.forward(message),
    dispatch: (entry) => bus.dispatch(entry),
    onError,
    clock,
  })
  externalBus.onReachable((domain) => relay.reach(domain))
  relay.start()
  return relay
}
