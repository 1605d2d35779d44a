import { expect, test } from 'vitest'
import { runAll, select } from '../check.mjs'
import { checks } from '../check-list.mjs'
import { readText } from '../workspace.mjs'

const list = [
  { name: 'build', commands: [] },
  { name: 'lint', commands: [] },
  { name: 'pack', needs: ['build'], commands: [] },
  { name: 'unit', after: ['build', 'absent'], commands: [] },
]

/** Runs the list with these checks failing: what was started, in order, and what each said. */
async function outcome(failing: string[], width = 2) {
  const events: string[] = []
  let most = 0
  let running = 0
  const succeeded = await runAll(
    list,
    width,
    async ({ name }) => {
      most = Math.max(most, ++running)
      events.push(`start ${name}`)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return { failed: failing.includes(name), output: `output of ${name}` }
    },
    ({ name }, result) => events.push(`${result.failed ? 'fail' : 'pass'} ${name}: ${result.output}`),
  )
  return { succeeded, events, most }
}

test('all checks succeed, at most so many at a time, and a check waits for what it needs', async () => {
  const { succeeded, events, most } = await outcome([], 3)
  expect(succeeded).toBe(true)
  expect(most).toBe(3)
  expect(events.indexOf('start pack')).toBeGreaterThan(events.indexOf('pass build: output of build'))
  expect(events.filter((event) => event.startsWith('pass'))).toHaveLength(4)
})

test('one failure makes the whole fail, and the others are run all the same', async () => {
  const { succeeded, events } = await outcome(['lint'])
  expect(succeeded).toBe(false)
  expect(events).toContain('fail lint: output of lint')
  expect(events).toContain('pass unit: output of unit')
})

test('a check whose need failed is not run and fails', async () => {
  const { events } = await outcome(['build'])
  expect(events).not.toContain('start pack')
  expect(events).toContain('fail pack: not run: build failed')
})

test('a check that only comes after another is run whatever became of that', async () => {
  const { events } = await outcome(['build'])
  expect(events.indexOf('start unit')).toBeGreaterThan(events.indexOf('fail build: output of build'))
})

test('named checks are selected with what they need; an unknown name is an error', () => {
  expect(select(list, ['pack']).map(({ name }) => name)).toEqual(['build', 'pack'])
  expect(select(list, [])).toEqual(list)
  expect(() => select(list, ['gone'])).toThrow("There is no check 'gone': build, lint, pack, unit")
})

test('every check is a script of its name', () => {
  const { scripts } = JSON.parse(readText('package.json'))
  const missing = checks.filter(
    ({ name }) => name !== 'build' && scripts[name] !== `node tooling/checks/check.mjs ${name}`,
  )
  expect(missing).toEqual([])
  expect(scripts.check).toBe('node tooling/checks/check.mjs')
})
