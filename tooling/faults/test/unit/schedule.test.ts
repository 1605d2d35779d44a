import { expect, test } from 'vitest'
import { schedule } from '../../schedule.ts'

const faults = [
  { name: 'kill', lane: 'services', lasts: [100, 200] },
  { name: 'freeze', lane: 'services', lasts: [500, 900] },
  { name: 'crash', lane: 'postgres', lasts: [100, 4_000] },
] as const

test('a seed is a schedule: the same one again, and another one for another seed', () => {
  expect(schedule(7, 60, faults)).toEqual(schedule(7, 60, faults))
  expect(schedule(8, 60, faults)).not.toEqual(schedule(7, 60, faults))
})

test('each lane has enough for the whole time, and its kinds come equally often', () => {
  for (const injections of schedule(7, 60, faults).values()) {
    const length = injections.reduce((sum, { pause, lasts }) => sum + pause + lasts, 0)
    expect(length).toBeGreaterThanOrEqual(60_000)
    const names = injections.map(({ fault }) => fault)
    const counts = [...new Set(names)].map((name) => names.filter((one) => one === name).length)
    expect(new Set(counts).size).toBe(1)
  }
})
