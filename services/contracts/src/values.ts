import { z } from 'zod'

/** Line breaks and what cannot be seen: control and format characters, halves of surrogate pairs. */
const INVISIBLE = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u
/** As above, but a text may have tabs and line feeds. */
const UNPRINTABLE = /^(?:[^\p{Cc}\p{Cs}]|[\t\n])*$/u

function oneLine(max: number) {
  return z.string().trim().min(1).max(max).regex(INVISIBLE, 'must be one line of visible characters')
}

/** Orders, batches and SKUs are named by 1 to 64 visible characters, without blanks around them. */
export const reference = oneLine(64)

/** A whole number of pieces, from 1. The upper bound keeps every sum that the model makes exact. */
export const quantity = z.int().min(1).max(1_000_000_000)

/** As a quantity, or 0. */
export const quantityOrNone = z.int().min(0).max(1_000_000_000)

/** The version of an aggregate, from 1. */
export const version = z.int().min(1)

/** A calendar date that exists, as `YYYY-MM-DD`: a string, so that JSON carries it unchanged. */
export const calendarDate = z.iso.date().regex(/^[1-9]/, 'must not begin with a zero')

export const emailAddress = z.email().max(254)
export const subjectLine = oneLine(200)
export const mailText = z.string().min(1).max(10_000).regex(UNPRINTABLE, 'must be printable text')
