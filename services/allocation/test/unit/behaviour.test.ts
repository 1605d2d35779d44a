import { describe } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { concurrencyBehaviour } from '../behaviour/concurrency.ts'
import { httpBehaviour } from '../behaviour/http.ts'
import { messageBehaviour } from '../behaviour/messages.ts'
import { repositoryBehaviour } from '../behaviour/repository.ts'

describe('on in-memory storage', () => {
  httpBehaviour(async () => inMemoryStorage())
  messageBehaviour(async () => inMemoryStorage())
  repositoryBehaviour(async () => inMemoryStorage())
  concurrencyBehaviour(async () => inMemoryStorage())
})
