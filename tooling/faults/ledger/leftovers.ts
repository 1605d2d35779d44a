import type { Ending } from '../fleet.ts'
import type { Facts, LedgerLine } from './facts.ts'

/** Nothing waits, nothing is given up, nobody waits for an answer. */
export function leftovers({ outboxes, queues, planned, deadLetters, pendingCalls }: Facts): LedgerLine {
  const entries = outboxes.map(
    ({ service, type, attempts, reason, dead }) =>
      `${service}'s outbox holds ${dead ? 'dead ' : ''}${type} after ${attempts} attempts: ${reason}`,
  )
  const waiting = queues
    .filter(({ name, messages }) => messages > 0 && !name.endsWith('.dead'))
    .map(({ vhost, name, messages }) => `${messages} messages in ${name} of ${vhost}`)
  const letters = deadLetters.map(
    ({ queue, properties: { type, message_id, headers } }) =>
      `dead in ${queue}: ${type} ${message_id} ${JSON.stringify(headers)}`,
  )
  const path = ({ vhost, name }: Facts['planned'][number]) => `${name} of ${vhost}`
  const [there, wanted] = [new Set(queues.map(path)), new Set(planned.map(path))]
  const drift = [
    ...[...wanted].filter((queue) => !there.has(queue)).map((queue) => `there is no ${queue}`),
    ...[...there].filter((queue) => !wanted.has(queue)).map((queue) => `nobody planned ${queue}`),
  ]
  const pending = pendingCalls > 0 ? [`${pendingCalls} calls still wait for their answer`] : []
  return {
    name: 'outboxes, queues and dead queues are empty, no call is pending',
    checked: queues.length + 2,
    differences: [...entries, ...waiting, ...letters, ...drift, ...pending],
  }
}

/** Sessions of one pool, as the services have it by default, and connections to the broker of one bus. */
const MOST_SESSIONS = 10
/** A unit of work that does nothing for 30 s is ended by the server. */
const LONGEST_IDLE = 35
const MOST_CONNECTIONS = 4
const SERVICES = ['allocation', 'notifications']

/** No process ended that was not ended, none holds on to more than it needs. */
export function processes({ endings, sessions, connections, instances }: Facts): LedgerLine {
  const differences: string[] = []
  for (const ending of endings) {
    if (isGood(ending)) continue
    const { instance, code, asked, said, stray } = ending
    const printed = stray.length === 0 ? said : stray.join('\n')
    differences.push(
      `${instance} ended with ${code}${asked === null ? '' : `, ${asked}`}: ${printed.slice(-1_500)}`,
    )
  }
  for (const { service, idle, query } of sessions.all) {
    if (idle > LONGEST_IDLE)
      differences.push(`${service}: a session idles in its transaction since ${idle} s, after ${query}`)
  }
  for (const service of SERVICES) {
    const total = sessions.left.filter((session) => session.service === service).length
    if (total > (instances / 2) * MOST_SESSIONS)
      differences.push(`${service} has ${total} sessions of Postgres`)
  }
  differences.push(...tooManyConnections({ connections, instances }))
  return { name: 'no process failed, connections are bounded', checked: endings.length, differences }
}

export function tooManyConnections({
  connections,
  instances,
}: Pick<Facts, 'connections' | 'instances'>): readonly string[] {
  return SERVICES.flatMap((service) => {
    const connected = connections.get(service) ?? 0
    return connected > (instances / 2) * MOST_CONNECTIONS
      ? [`${service} has ${connected} connections to the broker`]
      : []
  })
}

/** Whatever a process prints beside its log is a warning of the runtime, or the reason why it died. */
function isGood({ code, asked, wasLive, said, stray }: Ending): boolean {
  // A service that cannot start says why in one line, and leaves it to its supervisor to try again.
  const refused = !wasLive && stray.length === 1 && REFUSAL.test(stray[0] ?? '')
  if (refused) return code === 1 || (code === null && asked !== null)
  if (asked === null || stray.length > 0) return false
  if (asked === 'killed') return code === null
  if (asked === 'retired') return code === 0
  // What could not be finished in time is named, and left to be done again.
  if (code === 1) return said.includes('stopped before these had ended')
  // Before it has begun to serve it need not heed the signal: there is nothing to stop.
  return code === 0 || (code === null && !wasLive)
}

const REFUSAL = /^(allocation|notifications): /

/** Whoever repeats a request gets the first answer, and nothing that was asked for was refused. */
export function answers({ journal, repeated }: Pick<Facts, 'journal' | 'repeated'>): LedgerLine {
  const wrong = journal.filter(({ outcome }) => outcome === 'wrong')
  const differences = wrong.map(
    ({ request, channel, answer }) =>
      `${JSON.stringify(request)} by ${channel} was answered ${JSON.stringify(answer)}`,
  )
  for (const { first, again } of repeated) {
    const [one, other] = [JSON.stringify(first.answer), JSON.stringify(again.answer)]
    if (one !== other) differences.push(`${JSON.stringify(first.request)} was answered ${one}, then ${other}`)
  }
  return {
    name: 'no answer is wrong, a repeated request gets the first one',
    checked: repeated.length,
    differences,
  }
}
