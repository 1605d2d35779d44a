import { z } from 'zod'

/** No line breaks and nothing that cannot be seen: control and format characters, halves of surrogate pairs. */
const ONE_VISIBLE_LINE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u
/** Tabs and line feeds, but no other control characters and no halves of surrogate pairs. */
const PRINTABLE = /^(?:[^\p{Cc}\p{Cs}]|[\t\n])*$/u

/** By a check and not as a `pattern` of OpenAPI: few other languages read `\p{Cc}`. */
const matching = (pattern: RegExp, message: string) => z.refine<string>((text) => pattern.test(text), message)

function oneLine(max: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(max)
    .check(matching(ONE_VISIBLE_LINE, 'must be one line of visible characters'))
}

/**
 * Orders, batches and SKUs are named by 1 to 64 visible characters, without blanks around them. Clients take `.` and `..`
 * in a path for steps, so that these could never be asked for.
 */
export const reference = oneLine(64)
  .check(matching(/^(?!\.{1,2}$)/, 'must not be . or ..'))
  .describe('1 to 64 visible characters on one line, other than . and ..')

/** A whole number of pieces, from 1. The upper bound keeps every sum that the model makes exact. */
export const quantity = z.int().min(1).max(1_000_000_000)

/** As a quantity, or 0. */
export const quantityOrNone = z.int().min(0).max(1_000_000_000)

/** The version of an aggregate, from 1. The upper bound is that of a database's integer. */
export const version = z.int().min(1).max(2_147_483_647)

/** A calendar date that exists, as `YYYY-MM-DD`: a string, so that JSON carries it unchanged. */
export const calendarDate = z.iso.date().regex(/^[1-9]/, 'must not begin with a zero')

export const emailAddress = z.email().max(254)
export const subjectLine = oneLine(200)
export const mailText = z.string().min(1).max(10_000).check(matching(PRINTABLE, 'must be printable text'))
