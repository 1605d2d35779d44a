import { describe } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { everyBehaviour } from '../behaviour/every-behaviour.ts'

describe('on in-memory storage', () => {
  everyBehaviour(async (store) => inMemoryStorage(store))
})
