import type { Broker, BrokerLink, LinkEvents } from '@posthorn/core/transport'
import { type Endpoint, parseAmqpUrl } from './amqp-url.ts'
import { rabbitMqError } from './errors.ts'
import { RabbitMqLink } from './rabbitmq-link.ts'
import type { TlsOptions } from './session.ts'

/** Where the broker is, and as whom to connect. */
export interface RabbitMqBrokerOptions {
  /**
   * `amqp[s]://<user>:<password>@<host>[:<port>]`; a path is ignored. Without the password the certificate of `tls` says
   * who this is (SASL's EXTERNAL).
   */
  readonly url: string
  /** The user that the URL must be for: a domain's or client's name. */
  readonly user: string
  readonly tls?: TlsOptions
}

/** RabbitMQ 3.10 or later as one user sees it. */
export class RabbitMqBroker implements Broker {
  readonly user: string
  readonly promises = { durable: true, ordered: true } as const
  readonly system = 'rabbitmq'
  readonly #endpoint: Endpoint
  readonly #tls: TlsOptions | undefined

  /** @throws {PosthornError} `InvalidConfiguration` */
  constructor(options: RabbitMqBrokerOptions) {
    this.user = options.user
    this.#endpoint = parseAmqpUrl(options.url, options.user, options.tls?.cert !== undefined)
    this.#tls = options.tls
    if (this.#tls !== undefined && this.#endpoint.protocol === 'amqp') {
      throw rabbitMqError(
        'InvalidConfiguration',
        "There are options for TLS, but the broker's URL is not amqps",
      )
    }
  }

  open(vhost: string, events: LinkEvents): Promise<BrokerLink> {
    const target = { endpoint: this.#endpoint, vhost, name: `posthorn ${this.user}`, tls: this.#tls }
    return RabbitMqLink.open(target, events)
  }
}
