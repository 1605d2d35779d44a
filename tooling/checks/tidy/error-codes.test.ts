import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFiles, readText, root } from '../workspace.mjs'
import { undocumentedCodes } from './error-codes.ts'
import { raisedCodes } from './raised-codes.ts'

const source = {
  path: 'packages/core/src/bus.ts',
  text: `
class Invalid extends PosthornError<'Invalid'> { constructor() { super('Invalid', 'x') } }
class Sub extends Invalid { constructor() { super('not a code') } }
/**
 * @throws {PosthornError} \`Stopped\` when stopped, or
 *   \`Lost\`
 * @returns \`Nothing\`
 */
export function f(late: boolean) {
  if (late) throw new PosthornError('Stopped', 'x')
  throw new PosthornError(late ? 'TooLate' : 'TooEarly', 'x')
}
`,
}
const inCore = (text: string) => ({ path: 'packages/core/src/a.ts', text })
const row = (code: string, packages = 'core') => `| \`${code}\` | ${packages} | when | do |`
const codesOf = (...sources: { path: string; text: string }[]) =>
  raisedCodes(sources)
    .codes.map(({ code }) => code)
    .sort()

test('codes are read from new, from super of a direct subclass and from both branches of a condition', () => {
  expect(codesOf(source)).toEqual(['Invalid', 'Stopped', 'TooEarly', 'TooLate'])
  expect(raisedCodes([source]).computed).toEqual([])
})

test('codes are read through functions and methods that pass them on, also in files that import these', () => {
  const factory = inCore(`
export function refuse<C extends string>(code: C, message: string) { return new PosthornError(code, message) }
class Call {
  #fail(code: string) { return new PosthornError(code, 'x') }
  end() { throw this.#fail('Ended') }
}
throw refuse('Refused', 'x')
`)
  const user = {
    path: 'packages/core/src/b.ts',
    text: "import { refuse } from './a.ts'\nthrow refuse('Denied', 'x')\nconst late = (code: string) => refuse(code, 'x')\nthrow late('Late')",
  }
  const namesake = {
    path: 'packages/core/src/c.ts',
    text: "const refuse = (x: string) => x\nrefuse('NoCode')",
  }
  expect(codesOf(factory, user, namesake)).toEqual(['Denied', 'Ended', 'Late', 'Refused'])
  expect(raisedCodes([factory, user, namesake]).computed).toEqual([])
})

test('a code that is no literal is found, the code of another error is none', () => {
  const computed = inCore('throw new PosthornError(name + suffix, "x")')
  expect(undocumentedCodes([computed], '')).toEqual(['packages/core/src/a.ts:1: the code is not a literal'])
  expect(undocumentedCodes([inCore('throw new PosthornError(error.code, "x")')], '')).toEqual([])
})

test('codes without a row, rows without a code, wrong packages and broken promises are found', () => {
  const rows = [row('Gone'), row('Invalid', 'rabbitmq'), '| `Stopped` | core | when | |', row('TooEarly')]
  expect(undocumentedCodes([source], rows.join('\n'))).toEqual([
    'Invalid is raised by core; its row says rabbitmq',
    'TooLate has no row (core: packages/core/src/bus.ts:11)',
    'Gone has a row and is never raised',
    'Stopped has a row with an empty cell',
    'Lost is promised in packages/core/src/bus.ts:4 and never raised',
  ])
  expect(undocumentedCodes([], `${row('B')}\n${row('A')}`)).toContain(
    'the rows are not in alphabetical order',
  )
})

test('every error code is documented, and only those', () => {
  const document = 'docs/reference/error-codes.md'
  const markdown = existsSync(join(root, document)) ? readText(document) : ''
  expect(undocumentedCodes(projectFiles(/^packages\/[^/]+\/src\/.*\.ts$/), markdown)).toEqual([])
})
