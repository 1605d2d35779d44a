import { describe } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { badInputBehaviour, oddInputBehaviour } from '../behaviour/bad-input.ts'

describe('on in-memory storage', () => {
  describe('bad input', () => badInputBehaviour(async (store) => inMemoryStorage(store)))
  describe('any input', () => oddInputBehaviour(async (store) => inMemoryStorage(store)))
})
