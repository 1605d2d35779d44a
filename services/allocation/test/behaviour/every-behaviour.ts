import { describe } from 'vitest'
import type { MakeStorage } from './allocation-service.ts'
import { oddInputBehaviour } from './bad-input.ts'
import { cancellingBehaviour } from './cancelling.ts'
import { concurrencyBehaviour } from './concurrency.ts'
import { conditionalBehaviour } from './conditional-requests.ts'
import { httpBehaviour } from './http.ts'
import { idempotencyBehaviour } from './idempotency.ts'
import { listBehaviour } from './lists.ts'
import { messageBehaviour } from './messages.ts'
import { partBehaviour } from './parts.ts'
import { repositoryBehaviour } from './repository.ts'

const behaviours = {
  http: httpBehaviour,
  messages: messageBehaviour,
  repository: repositoryBehaviour,
  'parts of products': partBehaviour,
  concurrency: concurrencyBehaviour,
  cancelling: cancellingBehaviour,
  lists: listBehaviour,
  'conditional requests': conditionalBehaviour,
  'idempotency keys': idempotencyBehaviour,
  'any input': oddInputBehaviour,
}

/** All that the service does, on any storage. One service runs at a time: a second one’s relay would take its events. */
export function everyBehaviour(makeStorage: MakeStorage): void {
  for (const [name, behaviour] of Object.entries(behaviours)) describe(name, () => behaviour(makeStorage))
}
