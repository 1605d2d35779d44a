import type { Command, Event, ExternalBus } from '@posthorn/core'
import {
  type CallOptions,
  createExternalBus,
  type ExternalBusHealth,
  type ExternalBusOptions,
} from '@posthorn/core/transport'
import { rabbitMqError } from './errors.ts'
import { RabbitMqBroker } from './rabbitmq-broker.ts'
import type { TlsOptions } from './session.ts'

/** As for any external bus, and where the broker is. */
export interface RabbitMqExternalBusOptions<D extends string = string>
  extends Omit<ExternalBusOptions<D>, 'broker'> {
  /**
   * `amqp[s]://<domain>:<password>@<host>[:<port>]`; a path is ignored, for the vhosts follow from the system. Default:
   * the environment's `POSTHORN_AMQP_URL`. Without the password the certificate of `tls` says who this is.
   */
  readonly url?: string
  /** For `amqps`: a private certificate authority, a client's certificate. */
  readonly tls?: TlsOptions
}

type Bus<D extends string> = ExternalBus<D>

/**
 * The external bus on RabbitMQ 3.10 or later: core's bus, connected by `RabbitMqBroker`. Each domain is a vhost of the
 * same name (behind the namespace, if any), each domain and client a user of the same name.
 */
export class RabbitMqExternalBus<const D extends string = string> implements ExternalBus<D> {
  readonly #bus: Bus<D>

  // Typed as the port's, whose type parameters reach into the contracts.
  readonly registerEventHandlers: Bus<D>['registerEventHandlers'] = (event, ...handlers) =>
    this.#bus.registerEventHandlers(event, ...handlers)

  readonly registerCommandHandler: Bus<D>['registerCommandHandler'] = (command, handler, options) =>
    this.#bus.registerCommandHandler(command, handler, options)

  readonly setPermissionForCommand: Bus<D>['setPermissionForCommand'] = (command, ...callers) =>
    this.#bus.setPermissionForCommand(command, ...callers)

  readonly call: Bus<D>['call'] = (command, options) => this.#bus.call(command, options)

  readonly send: Bus<D>['send'] = (command) => this.#bus.send(command)

  readonly forward: Bus<D>['forward'] = (message) => this.#bus.forward(message)

  readonly onReachable: Bus<D>['onReachable'] = (listener) => this.#bus.onReachable(listener)

  /** @throws {PosthornError} `InvalidConfiguration` for a bad URL, `UnknownDomain` when the system has no such domain */
  constructor({ url = process.env.POSTHORN_AMQP_URL, tls, ...options }: RabbitMqExternalBusOptions<D>) {
    if (url === undefined) {
      throw rabbitMqError('InvalidConfiguration', 'No broker: pass `url`, or set POSTHORN_AMQP_URL')
    }
    const broker = new RabbitMqBroker({ url, user: options.domain, ...(tls === undefined ? {} : { tls }) })
    this.#bus = createExternalBus({ ...options, broker })
  }

  get domain(): D {
    return this.#bus.domain
  }

  get registeredDomains(): readonly string[] {
    return this.#bus.registeredDomains
  }

  registerDomains(...domains: readonly string[]): void {
    this.#bus.registerDomains(...domains)
  }

  start(): Promise<void> {
    return this.#bus.start()
  }

  stop(options?: { readonly deadline?: number }): Promise<readonly string[]> {
    return this.#bus.stop(options)
  }

  handle(message: Command | Event, options?: CallOptions): Promise<unknown> {
    return this.#bus.handle(message, options)
  }

  publish(event: Event): Promise<void> {
    return this.#bus.publish(event)
  }

  health(): ExternalBusHealth {
    return this.#bus.health()
  }
}
