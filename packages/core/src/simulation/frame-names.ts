import type { Frame } from '../external-bus/broker.ts'
import { HEADERS, parseWireType, textHeader } from '../external-bus/wire-format.ts'

/** Short names for messages: `Allocate 3` is the third message of its type, wherever it turns up. */
export class FrameNames {
  readonly #names = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  of({ properties }: Pick<Frame, 'properties'>, routingKey = ''): string {
    const wire = parseWireType(properties.type)
    const name = wire?.name ?? 'a frame'
    switch (wire?.kind) {
      case 'reply':
        return `answer to ${this.#cause({ properties }, name)}`
      case 'error':
        return `error for ${this.#cause({ properties }, name)}`
      default:
        return this.message(name, properties.messageId ?? '') + destination(routingKey)
    }
  }

  message(name: string, id: string): string {
    const known = this.#names.get(id)
    if (known !== undefined) return known
    const count = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, count)
    const made = `${name} ${count}`
    this.#names.set(id, made)
    return made
  }

  #cause({ properties }: Pick<Frame, 'properties'>, name: string): string {
    return this.message(name, textHeader({ properties } as Frame, HEADERS.causationId) ?? '')
  }
}

function destination(routingKey: string): string {
  const [, tier] = /\.retry\.(\w+)$/.exec(routingKey) ?? []
  if (tier !== undefined) return `, to be tried again in ${tier}`
  return routingKey.endsWith('.dead') ? ', a dead letter' : ''
}
