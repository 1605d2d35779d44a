import { expect, test } from 'vitest'
import { packedFaults } from '../pack.mjs'

const complete = ['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json', 'src/index.ts']

test('a package with its build, its sources, README and LICENSE passes', () => {
  expect(packedFaults('core', complete)).toEqual([])
  expect(
    packedFaults('core', [...complete, 'schema.sql', 'migrations/0000_a.sql'], ['migrations', 'schema.sql']),
  ).toEqual([])
})

test('missing files, tests, strays and what an older build left over are found', () => {
  const files = complete.filter((file) => file !== 'LICENSE')
  files.push('src/test/a.ts', 'notes.txt', 'dist/gone.js.map')
  expect(packedFaults('core', files)).toEqual([
    'core: LICENSE is not packed',
    'core: src/test/a.ts is packed',
    'core: notes.txt is packed',
    'core: dist/gone.js.map is left over from an older build',
  ])
})
