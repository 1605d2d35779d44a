import { batchStock } from '@posthorn/contracts'
import { z } from 'zod'
import type { BatchStock } from '../domain/batch.ts'

interface EntityTag {
  readonly opaque: string
  readonly weak: boolean
}

/** What `If-Match` and `If-None-Match` name (RFC 9110, 8.8.3): any representation, or those of a list. */
export type EntityTags = '*' | readonly EntityTag[]

const ELEMENT = /[ \t]*(?:(?<weak>W\/)?"(?<opaque>[\x21\x23-\x7e\x80-\xff]*)"[ \t]*)?(?:,|$)/y

function parseEntityTags(text: string): EntityTags | undefined {
  if (text.trim() === '*') return '*'
  const tags: EntityTag[] = []
  for (let at = 0; at < text.length; at = ELEMENT.lastIndex) {
    ELEMENT.lastIndex = at
    const element = ELEMENT.exec(text)?.groups
    if (element === undefined) return undefined
    const { opaque, weak } = element
    if (opaque !== undefined) tags.push({ opaque, weak: weak !== undefined })
  }
  return tags.length > 0 ? tags : undefined
}

export const entityTags = z.string().transform((text, context) => {
  const tags = parseEntityTags(text)
  if (tags !== undefined) return tags
  context.addIssue({ code: 'custom', message: 'must be * or a list of quoted entity tags' })
  return z.NEVER
})

/** Of all that a batch shows only its stock ever changes, so that this names the whole representation. */
export function entityTag({ purchasedQty, availableQty }: BatchStock): string {
  return `"${purchasedQty}-${availableQty}"`
}

/** What `If-Match` lets a batch hold; undefined when it may hold anything. Weak tags, and those of others, match nothing. */
export function expectedStock(tags: EntityTags | undefined): readonly BatchStock[] | undefined {
  return tags === undefined || tags === '*' ? undefined : tags.flatMap(stockOf)
}

/** Whether `If-None-Match` names what there is; it compares weakly. */
export function isNamed(stock: BatchStock, tags: EntityTags | undefined): boolean {
  return tags === '*' || (tags?.some(({ opaque }) => `"${opaque}"` === entityTag(stock)) ?? false)
}

function stockOf({ opaque, weak }: EntityTag): readonly BatchStock[] {
  const [purchasedQty, availableQty] = opaque.split('-').map(Number)
  const { data } = batchStock.safeParse({ purchasedQty, availableQty })
  return !weak && data !== undefined && entityTag(data) === `"${opaque}"` ? [data] : []
}
