import { PosthornError } from '../errors.ts'
import type { System } from '../messages/define-system.ts'
import type { AsyncApiDocument, AsyncApiOptions } from './async-api-document.ts'
import { AsyncApiDraft } from './async-api-draft.ts'
import { addHandled, addPublished, addSubscribed, addUsed } from './async-api-operations.ts'

/**
 * Describes a system, or one member's part in it, as AsyncAPI 3.0: what the member sends and receives, on which exchange
 * or queue of which vhost, and the JSON Schema of every payload, result and error. What nobody outside of a domain can
 * see (private events, commands that allow nobody) is left out.
 *
 * @throws {PosthornError} `UnknownDomain` when the system has no such member; `InvalidDefinition` for a schema that has no
 * JSON Schema
 */
export function asyncApi(system: System, options: AsyncApiOptions): AsyncApiDocument {
  const members = [...system.domains.keys(), ...system.clients]
  const { member } = options
  if (member !== undefined && !members.includes(member)) {
    throw new PosthornError('UnknownDomain', `${member} is no domain or client of the system`)
  }
  const draft = new AsyncApiDraft(options)
  for (const one of member === undefined ? members : [member]) {
    const own = system.domains.get(one)
    if (own !== undefined) {
      addHandled(draft, own)
      addPublished(draft, own)
    }
    for (const domain of system.domains.values()) addUsed(draft, domain, one)
    addSubscribed(draft, system.subscriptions.get(one) ?? [], one)
  }
  return draft.document({
    title: options.title ?? member ?? 'system',
    version: options.version,
    ...(options.description === undefined ? {} : { description: options.description }),
  })
}
