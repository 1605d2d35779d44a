import { wholeNumber } from '@posthorn/chassis'
import { z } from 'zod'

/** The query of a list in the order of names. */
export function paging(name: z.ZodString) {
  return z.object({
    after: name.optional().describe('the name of the last item that is known; `next` of a page is one'),
    limit: wholeNumber(1, 200).default(50),
  })
}

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}
