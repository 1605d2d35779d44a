import { randomUUID } from 'node:crypto'
import type { Door } from './doors.ts'
import type { HostileCase } from './hostile-cases.ts'
import type { Answer, HostileSystem } from './hostile-system.ts'

/** What became of messages, each in the words of {@link expectedOutcome}; and what the log was told, sorted. */
export interface Outcomes {
  readonly each: readonly string[]
  readonly reported: readonly string[]
}

/** Sends all through one door, and waits until each has come to an end. */
export async function outcomesOf(
  hostile: HostileSystem,
  door: Door,
  cases: readonly HostileCase[],
): Promise<Outcomes> {
  const run = randomUUID()
  const reportsBefore = hostile.failures.length
  await Promise.all(
    cases.map(({ properties, body, anonymous }, n) => {
      const frame = { body, properties: { ...properties, appId: `${run} ${n}` } }
      return anonymous === true ? hostile.sendAnonymously(door, frame) : hostile.send(door, frame)
    }),
  )
  await hostile.drained(30_000)

  const dead = new Map(hostile.deadLetters.map(({ appId, reason }) => [appId, reason]))
  const answers = new Map<unknown, Answer>(hostile.answers.map((answer) => [answer.callId, answer]))
  return {
    each: cases.map(({ what, properties }, n) => {
      const end = door.answered
        ? answered(answers.get(properties.messageId))
        : buried(dead.get(`${run} ${n}`))
      return `${what}: ${end}`
    }),
    reported: hostile.failures
      .slice(reportsBefore)
      .map(({ reason }) => reason)
      .filter((reason) => reason !== 'declared-error')
      .sort(),
  }
}

function buried(reason: string | undefined): string {
  return reason === undefined || reason === 'declared-error' ? 'understood' : `dead, ${reason}`
}

function answered(answer: Answer | undefined): string {
  if (answer === undefined) return 'dropped'
  const { name, outcome } = JSON.parse(answer.body)
  return answer.type?.startsWith('reply:') || outcome === undefined ? 'understood' : `${outcome}, ${name}`
}

export function expectedOutcome(door: Door, { what, expected, properties }: HostileCase): string {
  const end = () => {
    if (expected === 'understood') return expected
    if (!door.answered) return `dead, ${expected}`
    return isTold(door, expected, properties)
      ? `refused, ${NAMES[expected] ?? 'ValidationFailed'}`
      : 'dropped'
  }
  return `${what}: ${end()}`
}

/** Whether there is anybody whom an answer could be trusted with. */
function isTold(
  { domain }: Door,
  reason: string,
  { messageId = '', type = '' }: HostileCase['properties'],
): boolean {
  const untold = ['no-user-id', 'foreign-sender', 'bad-type', 'wrong-kind', 'bad-reply-to']
  return !untold.includes(reason) && /^[0-9a-f-]{36}$/.test(messageId) && type.includes(`:${domain}.`)
}

/** The refusals that have a name of their own. */
const NAMES: Readonly<Record<string, string>> = {
  'unknown-message': 'UnknownMessage',
  'unknown-version': 'UnknownVersion',
}
