import { visit } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'

/** Somebody answers for what an ID names: a test by its title, or a page by a sentence. */
export interface Claim {
  readonly id: string
  readonly by: string
}

/** IDs of behaviours (`MSG-28`) and of rows (`F12`), with which a title begins, wherever it is written. */
export function titleClaims(file: SourceFile): Claim[] {
  const claims: Claim[] = []
  const take = (text: string | null | undefined) => {
    const ids = /^(?:(?:[A-Z][A-Z0-9]{1,2}-\d\d|[A-Z]\d{1,2}) )+/.exec(text ?? '')?.[0].trim() ?? ''
    claims.push(...ids.split(' ').flatMap((id) => (id === '' ? [] : [{ id, by: file.path }])))
  }
  visit(file, {
    Literal: ({ value }) => take(typeof value === 'string' ? value : ''),
    TemplateLiteral: ({ quasis }) => take(quasis[0]?.value.cooked),
  })
  return claims
}

/** Bullets such as `- **MSG-21 to MSG-24, F7**: a sentence.` */
export function pageClaims(page: string): Claim[] {
  return [...page.matchAll(/^- \*\*([^*]+)\*\*: \S/gm)].flatMap(([, list = '']) =>
    list
      .split(', ')
      .flatMap(span)
      .map((id) => ({ id, by: 'the page' })),
  )
}

/** `MSG-21 to MSG-24`, or one alone. */
function span(text: string): string[] {
  const [first = '', last = first] = text.split(' to ')
  const [, prefix = '', digits = ''] = /^(.*?)(\d+)$/.exec(first) ?? []
  const from = Number(digits)
  const to = Number(/\d+$/.exec(last)?.[0])
  return Array.from(
    { length: Math.max(to - from + 1, 1) },
    (_, i) => prefix + String(from + i).padStart(digits.length, '0'),
  )
}
