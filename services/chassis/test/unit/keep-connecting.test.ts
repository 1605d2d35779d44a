import { PosthornError } from '@posthorn/core'
import { expect, test } from 'vitest'
import { keepConnecting } from '../../src/keep-connecting.ts'
import { createLogger } from '../../src/logger.ts'

const away = new PosthornError('Refused', 'nobody listens', { retryable: true })
const forbidden = new PosthornError('Refused', 'the password is wrong')

/** Tries as often as there are errors, and then succeeds. Gives the pauses and what was told meanwhile. */
async function connect(errors: readonly Error[]) {
  const left = [...errors]
  const pauses: number[] = []
  const told: unknown[] = []
  const lines: string[] = []
  let succeeded = () => {}
  const success = new Promise<void>((resolve) => {
    succeeded = resolve
  })
  const connecting = keepConnecting(
    {
      start: async () => {
        const error = left.shift()
        if (error !== undefined) throw error
        succeeded()
      },
    },
    createLogger('test', 'info', { write: (line) => void lines.push(line) }),
    async (ms) => {
      pauses.push(ms)
      told.push(connecting.obstacle)
    },
  )
  await success
  await connecting.stop()
  return { pauses, told, after: connecting.obstacle, levels: lines.map((line) => JSON.parse(line).level) }
}

test('what passes by itself is tried again within 10 s', async () => {
  const { pauses, told, after } = await connect(Array(20).fill(away))
  expect(pauses[0]).toBeLessThanOrEqual(500)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000)
  expect(told[0]).toEqual({ reason: 'nobody listens', permanent: false })
  expect(after).toBeNull()
})

test('what a person must mend is tried again less often, up to a minute, and told as such', async () => {
  const { pauses, told, after, levels } = await connect(Array(20).fill(forbidden))
  expect(pauses[0]).toBeGreaterThanOrEqual(1_000)
  expect(pauses[0]).toBeLessThanOrEqual(2_000)
  for (const pause of pauses.slice(5)) expect(pause).toBeGreaterThanOrEqual(30_000)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(60_000)
  expect(told[0]).toEqual({ reason: 'the password is wrong', permanent: true })
  expect(after).toBeNull()
  expect(new Set(levels.slice(0, -1))).toEqual(new Set([50]))
})

test('an error of unknown kind may pass', async () => {
  expect((await connect([new TypeError('unexpected')])).told).toEqual([
    { reason: 'unexpected', permanent: false },
  ])
})
