import { describe } from 'vitest'
import { inMemoryStorage } from '../../src/adapters/in-memory-storage.ts'
import { badInputBehaviour } from '../behaviour/bad-input.ts'

describe('bad input', () => {
  badInputBehaviour(async () => inMemoryStorage())
})
