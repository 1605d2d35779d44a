import { expect, test } from 'vitest'
import { apiPage, surfaceFaults } from '../api.mjs'
import { publicSurface } from '../public-surface.mjs'

const files: Record<string, string> = {
  'dist/index.d.ts': `export { Bus, type Options as BusOptions } from './bus.ts';
export { limit } from './limit.ts';
/** Makes one. For tests. */
export declare function makeBus(): Bus;
export declare function makeBus(name: string): Bus;
import type { Bus } from './bus.ts';
`,
  'dist/bus.d.ts': `import type { Limit } from './limit.ts';
/**
 * Carries messages, see {@link Options}, e.g. events.
 * And more.
 */
export declare class Bus {
    #private;
    /** Its name. */
    readonly name: string;
    private secret;
}
export interface Options {
    readonly limit: Limit;
}
`,
  'dist/limit.d.ts': `/** How much? */
declare const limit = 3;
export type Limit = number;
export { limit };
`,
}
const symbols = publicSurface('dist/index.d.ts', (path) => files[path] ?? '')

test('exports are followed to their declarations: sorted, without comments, modifiers and private members', () => {
  expect(symbols).toEqual([
    {
      name: 'Bus',
      kind: 'class',
      summary: 'Carries messages, see Options, e.g. events.',
      signature: 'class Bus {\n  readonly name: string;\n}',
    },
    {
      name: 'BusOptions',
      kind: 'interface',
      summary: '',
      signature: 'interface Options {\n  readonly limit: Limit;\n}',
    },
    { name: 'limit', kind: 'const', summary: 'How much?', signature: 'const limit = 3;' },
    {
      name: 'makeBus',
      kind: 'function',
      summary: 'Makes one.',
      signature: 'function makeBus(): Bus;\nfunction makeBus(name: string): Bus;',
    },
  ])
})

test('a symbol without a doc comment and a surface over its budget are found', () => {
  expect(surfaceFaults('@posthorn/rabbitmq', symbols)).toEqual([
    '@posthorn/rabbitmq: BusOptions has no doc comment',
  ])
  const many = Array.from({ length: 21 }, (_, i) => ({
    name: `f${i}`,
    kind: 'const',
    summary: 'x',
    signature: '',
  }))
  expect(surfaceFaults('@posthorn/rabbitmq', many)).toEqual(['@posthorn/rabbitmq: 21 symbols, budget 20'])
})

test('exporting all of a module is refused: names are listed', () => {
  expect(() => publicSurface('a.d.ts', () => "export * from './b.ts'")).toThrow('listed by name')
})

test('a page shows every symbol with its signature', () => {
  expect(apiPage('@posthorn/core', symbols.slice(0, 1))).toBe(
    '# @posthorn/core\n\n1 symbol. Generated from the declarations by `pnpm api:write`.\n\n## Bus\n\nclass. Carries messages, see Options, e.g. events.\n\n```ts\nclass Bus {\n  readonly name: string;\n}\n```\n',
  )
})
