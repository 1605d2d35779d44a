import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doorsOf } from './doors.ts'
import { expectGoodMessagesServed } from './good-messages.ts'
import { casesFor, frameCasesFor } from './hostile-cases.ts'
import { type HostileSystem, startHostileSystem } from './hostile-system.ts'
import { heldMemory } from './memory.ts'
import { expectedOutcome, outcomesOf } from './outcomes.ts'
import { inMemory, onRabbitMq } from './testbed.ts'

describe.each([
  // What is in a payload is the same to both, unless there is time for all.
  ['RabbitMQ', onRabbitMq, process.env.POSTHORN_TEST_FULL === '1' ? casesFor : frameCasesFor],
  ['the in-memory broker', inMemory, casesFor],
])(
  'on %s, whatever comes in is understood, or refused with its reason, and holds up nobody:',
  (_broker, testbed, casesAt) => {
    let hostile: HostileSystem
    let heldBefore: number
    beforeAll(async () => {
      hostile = await startHostileSystem(await testbed())
      heldBefore = await heldMemory()
    }, 60_000)
    afterAll(() => hostile?.[Symbol.asyncDispose]())

    for (const door of doorsOf(planSystem(system))) {
      const cases = casesAt(door)
      test(`B1 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 ${cases.length} messages where ${door.what}`, async () => {
        const { each, reported } = await outcomesOf(hostile, door, cases)
        expect(each).toEqual(cases.map((one) => expectedOutcome(door, one)))
        const refused = cases.map(({ expected }) => expected).filter((expected) => expected !== 'understood')
        expect(reported).toEqual(refused.sort())
      }, 60_000)
    }

    test('F34 after all that no connection was lost, little memory is held, and good messages of each kind are served', async () => {
      expect([hostile.ledger.losses, hostile.ledger.failures]).toEqual([[], []])
      for (const list of [hostile.failures, hostile.deadLetters, hostile.answers]) list.length = 0
      hostile.mails.clear()
      expect((await heldMemory()) - heldBefore, 'MiB').toBeLessThan(40)
      await expectGoodMessagesServed(hostile)
    }, 60_000)
  },
)
