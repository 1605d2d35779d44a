import type { Broker, BrokerLink, LinkEvents } from '@posthorn/core/transport'
import { type Endpoint, parseAmqpUrl } from './amqp-url.ts'
import { RabbitMqLink } from './rabbitmq-link.ts'
import type { TlsOptions } from './session.ts'

/** Where the broker is, and as whom to connect. */
export interface RabbitMqBrokerOptions {
  /** `amqp[s]://<user>:<password>@<host>[:<port>]`; a path is ignored. */
  readonly url: string
  /** The user that the URL must be for: a domain's or client's name. */
  readonly user: string
  readonly tls?: TlsOptions
}

/** RabbitMQ 3.10 or later as one user sees it. */
export class RabbitMqBroker implements Broker {
  readonly user: string
  readonly promises = { durable: true, ordered: true } as const
  readonly #endpoint: Endpoint
  readonly #tls: TlsOptions | undefined

  /** @throws {PosthornError} `InvalidConfiguration` */
  constructor(options: RabbitMqBrokerOptions) {
    this.user = options.user
    this.#endpoint = parseAmqpUrl(options.url, options.user)
    this.#tls = options.tls
  }

  open(vhost: string, events: LinkEvents): Promise<BrokerLink> {
    const target = { endpoint: this.#endpoint, vhost, name: `posthorn ${this.user}`, tls: this.#tls }
    return RabbitMqLink.open(target, events)
  }
}
