import { describe } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { tellingBehaviour } from '../behaviour/telling.ts'

describe('telling on in-memory storage', () => {
  tellingBehaviour(async (store) => inMemoryStorage(store))
})
