import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Row } from '../../../src/unit-of-work/repository.ts'
import { changedColumns, rowChanges } from '../../../src/unit-of-work/row-changes.ts'

const value = fc.oneof(
  fc.constantFrom('', 'a', 'A', 0, -0, 1, Number.NaN, true, false, null),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(3) }),
)
const rows = fc.uniqueArray(
  fc.record({ a: fc.constantFrom('x', 'y'), b: fc.constantFrom('x', 'y', null), value, other: value }),
  { selector: ({ a, b }) => JSON.stringify([a, b]) },
)

test('applying the changes to what was loaded gives what is there now', () => {
  fc.assert(
    fc.property(rows, rows, (loaded, current) => {
      const none = { inserted: [], updated: [], deleted: [] }
      const { inserted, updated, deleted } = rowChanges('items', ['a', 'b'], loaded, current) ?? none
      const keyOf = ({ a, b }: Row) => JSON.stringify([a, b])
      const table = new Map<string, Row>(loaded.map((row) => [keyOf(row), row]))
      for (const key of deleted) expect(table.delete(keyOf(key))).toBe(true)
      for (const { key, set } of updated) table.set(keyOf(key), { ...(table.get(keyOf(key)) as Row), ...set })
      for (const row of inserted) {
        expect(table.has(keyOf(row))).toBe(false)
        table.set(keyOf(row), row)
      }
      expect(table).toEqual(new Map(current.map((row) => [keyOf(row), row])))
    }),
  )
})

test('what is equal to what was loaded is no change', () => {
  fc.assert(
    fc.property(rows, (loaded) => {
      const copy = structuredClone(loaded)
      expect(rowChanges('items', ['a', 'b'], loaded, copy.reverse())).toBeUndefined()
    }),
  )
})

test('an update names the columns that differ and no others', () => {
  const loaded = { id: 'a', qty: 1, at: new Date(1), note: null, madeByTheDatabase: 7 }
  expect(changedColumns(loaded, { id: 'a', qty: 2, at: new Date(1), note: null })).toEqual({ qty: 2 })
  expect(changedColumns(loaded, { id: 'a', qty: 1, at: new Date(2), note: '' })).toEqual({
    at: new Date(2),
    note: '',
  })
})

test('keys that only look alike when written one after another are two', () => {
  const loaded = [
    { a: 'x', b: '1 string 1 y' },
    { a: 'x 1', b: 'y' },
    { a: '1', b: null },
    { a: 1, b: 'null' },
  ]
  expect(rowChanges('items', ['a', 'b'], loaded, [])?.deleted).toEqual(loaded)
  expect(rowChanges('items', ['a', 'b'], loaded, [...loaded])).toBeUndefined()
})

test('two rows with the same key are refused', () => {
  const twice = [
    { a: 'x', b: 1 },
    { a: 'x', b: 2 },
  ]
  expect(() => rowChanges('items', ['a'], [], twice)).toThrow(/two rows in items with the same a/)
})
