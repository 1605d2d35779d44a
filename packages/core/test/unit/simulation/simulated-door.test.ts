import { expect, test } from 'vitest'
import { actor } from '../../../src/simulation/actor.ts'
import { type CommitFault, SimulatedDoor } from '../../../src/simulation/simulated-door.ts'
import { evenScheduler, settled } from './virtual-network.ts'

function door() {
  const scheduler = evenScheduler()
  const watcher = { raised: () => undefined, committed: () => undefined }
  return { scheduler, door: new SimulatedDoor(scheduler, actor('process'), actor('store'), watcher) }
}

test.each<[CommitFault, string, boolean]>([
  ['conflict', 'SerializationConflict', false],
  ['lost', 'CommitOutcomeUnknown', false],
  ['unanswered', 'CommitOutcomeUnknown', true],
])('a commit that is %s ends with %s, and the next one well', async (fault, code, isDone) => {
  const { scheduler, door: way } = door()
  const happened: string[] = []
  let done = false
  const commit = () =>
    way.pass('commit', async () => {
      done = true
    })
  way.nextCommit = { fault, happened: (what) => happened.push(what) }

  expect(await settled(scheduler, commit())).toBe(code)
  expect([done, happened.length]).toEqual([isDone, 1])
  expect(await settled(scheduler, commit())).toBeUndefined()
  expect([done, happened.length, way.open]).toEqual([true, 1, 0])
})

test('what is asked on a connection that is lost is not answered, and its sessions end; a new one is there', async () => {
  const { scheduler, door: way } = door()
  let ended = 0
  way.session(() => {
    ended += 1
  })
  const asked = way.pass('read', async () => 'a row')
  way.cut()

  expect(await settled(scheduler, asked)).toBe('ConnectionLost')
  expect([ended, way.open]).toEqual([1, 0])
  expect(
    await settled(
      scheduler,
      way.pass('read', async () => 'a row'),
    ),
  ).toBe('a row')
})
