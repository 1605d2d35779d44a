import { uuidV7 } from './uuid-v7.ts'

declare const idOf: unique symbol

/**
 * The id of one kind of thing, `Id<'Product'>`: a string that the compiler takes for no other kind's, nor a plain string
 * for it. In a schema: `z.uuid().transform((text) => text as Id<'Product'>)`.
 */
export type Id<Kind extends string> = string & {
  /** Only for the compiler. */
  readonly [idOf]: Kind
}

/** A new id: a UUIDv7, greater than all that this process made before. `const id: Id<'Product'> = newId()` */
export function newId<I extends string = string>(): I {
  // Only the caller knows what the id is to be of.
  return uuidV7() as I
}
