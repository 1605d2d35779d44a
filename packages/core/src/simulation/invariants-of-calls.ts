import { DeclaredError } from '../messages/declared-error.ts'
import type { Invariant } from './invariant.ts'
import type { Asked } from './ledger.ts'

/** Every call is settled by its deadline, in whatever way. */
export const callsSettle: Invariant = {
  name: 'every call settles by its deadline',
  make: () => ({
    atRest: ({ ledger }) => {
      const late = ledger.asked.find(
        ({ answeredAt, askedAt, timeout }) => answeredAt === null || answeredAt - askedAt > timeout + 1,
      )
      return (
        late &&
        `${late.command.type} ${late.command.id} was settled at ${late.answeredAt}, asked at ${late.askedAt} with ${late.timeout} ms`
      )
    },
  }),
}

/** Where no fault was injected no call is left without an answer. */
export const answersArrive: Invariant = {
  name: 'answers arrive when nothing goes wrong',
  make: () => ({
    atRest: ({ ledger, faults }) => {
      const open = ledger.asked.find(({ answer }) => answer?.ok === false && answer.outcome === 'unknown')
      return faults.size === 0 && open !== undefined
        ? `${open.command.type} ${open.command.id} has none`
        : undefined
    },
  }),
}

/** Who asks for long enough is told the result, or an error of the contract. */
export const requestsAreServed: Invariant = {
  name: 'every request is served',
  make: () => ({
    atRest: ({ ledger }) => {
      const last = new Map(ledger.asked.map((asked) => [asked.command.id, asked]))
      const unserved = [...last.values()].find((asked) => !asked.mayFail && !isServed(asked))
      return (
        unserved &&
        `${unserved.by} has asked for ${unserved.command.type} ${unserved.command.id} ${unserved.attempts} times, in vain: ${reasonOf(unserved)}`
      )
    },
  }),
}

function isServed({ answer }: Asked): boolean {
  return answer?.ok === true || (answer?.ok === false && answer.error instanceof DeclaredError)
}

function reasonOf({ answer }: Asked): string {
  return answer?.ok === false ? String(answer.error) : 'there is no answer'
}
