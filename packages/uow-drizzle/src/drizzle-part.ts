import type { SQL } from 'drizzle-orm'

/** What the conditions of a part depend on. */
export type PartValues = Readonly<Record<string, string | number | boolean>>

/** For children, by the names that the mapping uses, a condition on the rows of their table. */
export type PartConditions<V extends PartValues> = Readonly<Record<string, (values: V) => SQL | undefined>>

/** Which children of an aggregate are to be read, for `getPart`. */
export interface DrizzlePart {
  readonly conditions: PartConditions<PartValues>
  readonly values: PartValues
}

/**
 * Tells which children belong to a part of an aggregate: those of its own for which the condition holds; of children that
 * are not named none. Each condition is built once, with placeholders for the values, so that it must not look at them;
 * make the part where the program begins: `const forOrder = drizzlePart<{ orderId: string }>({ lines: ({ orderId }) =>
 * eq(lines.orderId, orderId) })`, then `getPart(id, forOrder({ orderId }))`.
 */
export function drizzlePart<V extends PartValues>(conditions: PartConditions<V>): (values: V) => DrizzlePart {
  // They are never given other values than those that stand beside them.
  return (values) => ({ conditions: conditions as unknown as PartConditions<PartValues>, values })
}
