import type { Statement } from './aggregate-statements.ts'
import { errorCode } from './classify-error.ts'

/** What a number is not. */
const UNCHANGED = 'posthorn: changed meanwhile, rows updated: '

/**
 * The same update, of which it is an error that it finds no row. To Postgres it is none; but it must be one, because COMMIT
 * goes out before the answer is there.
 */
export function checkedUpdate({ text, parameters }: Statement): Statement {
  const check = `case when count(*) = 0 then ('${UNCHANGED}' || count(*))::int end`
  return { text: `with updated as (${text} returning 1) select ${check} from updated`, parameters }
}

/** Whether the error says that a checked update has found no row. */
export function hasFoundNone(error: unknown): boolean {
  return errorCode(error) === '22P02' && error instanceof Error && error.message.includes(UNCHANGED)
}
