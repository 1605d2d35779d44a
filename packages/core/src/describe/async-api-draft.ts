import { vhostName } from '../external-bus/names.ts'
import type { AsyncApiDocument, AsyncApiOptions, JsonObject } from './async-api-document.ts'

/** Points at another place of the same document. */
export interface Reference {
  readonly $ref: string
}

/** A document under way: what several parts of it need is put into it once, by name. */
export class AsyncApiDraft {
  readonly convert: AsyncApiOptions['convert']
  readonly #host: string
  readonly #namespace: string | undefined
  readonly #servers: Record<string, JsonObject> = {}
  readonly #channels: Record<string, JsonObject & { readonly messages: Record<string, Reference> }> = {}
  readonly #operations: Record<string, JsonObject> = {}
  readonly #messages: Record<string, JsonObject> = {}
  readonly #schemas: Record<string, JsonObject> = {}

  constructor({ convert, host = 'localhost', namespace }: AsyncApiOptions) {
    this.convert = convert
    this.#host = host
    this.#namespace = namespace
  }

  vhost(domain: string): string {
    return vhostName(domain, this.#namespace)
  }

  /** A message that goes over a channel of a domain's vhost; both are made when they are new. Gives where it stands. */
  carry(
    domain: string,
    channel: string,
    address: string | null,
    bindings: JsonObject,
    message: string,
  ): Reference {
    this.#servers[domain] ??= {
      host: this.#host,
      pathname: `/${this.vhost(domain)}`,
      protocol: 'amqp',
      protocolVersion: '0.9.1',
      description: `The vhost of ${domain}.`,
      security: [{ $ref: '#/components/securitySchemes/user' }],
    }
    const carrying = this.#channels[channel] ?? {
      address,
      servers: [{ $ref: `#/servers/${domain}` }],
      ...(address === null ? {} : { bindings: { amqp: { ...bindings, bindingVersion: '0.3.0' } } }),
      messages: {},
    }
    carrying.messages[message] = { $ref: `#/components/messages/${message}` }
    this.#channels[channel] = carrying
    return { $ref: `#/channels/${channel}/messages/${message}` }
  }

  operation(name: string, operation: JsonObject): void {
    this.#operations[name] = operation
  }

  message(name: string, make: () => JsonObject): void {
    this.#messages[name] ??= make()
  }

  /** The place of a schema, which is put there unless one of that name is there already. */
  schema(name: string, make: () => JsonObject): Reference {
    const place = `#/components/schemas/${name}`
    this.#schemas[name] ??= movedTo(place, make())
    return { $ref: place }
  }

  document(info: JsonObject): AsyncApiDocument {
    return {
      asyncapi: '3.0.0',
      info,
      defaultContentType: 'application/json',
      servers: this.#servers,
      channels: this.#channels,
      operations: this.#operations,
      components: {
        messages: this.#messages,
        schemas: this.#schemas,
        securitySchemes: {
          user: {
            type: 'userPassword',
            description: 'The user is called as the domain or client that connects.',
          },
        },
      },
    }
  }
}

/** A JSON Schema as part of a document: its references to itself begin at its own place. */
function movedTo(place: string, { $schema: _dialect, ...schema }: JsonObject): JsonObject {
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, held]) => [
        key,
        key === '$ref' && typeof held === 'string' && /^#(\/(?!components\/)|$)/.test(held)
          ? place + held.slice(1)
          : move(held),
      ]),
    )
  }
  return move(schema) as JsonObject
}
