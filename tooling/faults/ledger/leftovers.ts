import type { Facts, LedgerLine } from './facts.ts'

/** Nothing waits, nothing is given up, nobody waits for an answer. */
export function leftovers({ outboxes, queues, deadLetters, pendingCalls }: Facts): LedgerLine {
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
  const pending = pendingCalls > 0 ? [`${pendingCalls} calls still wait for their answer`] : []
  return {
    name: 'outboxes, queues and dead queues are empty, no call is pending',
    checked: queues.length + 2,
    differences: [...entries, ...waiting, ...letters, ...pending],
  }
}

/** Sessions of one pool, as the services have it by default, and connections to the broker of one bus. */
const MOST_SESSIONS = 10
/** A unit of work that does nothing for 30 s is ended by the server. */
const LONGEST_IDLE = 35
const MOST_CONNECTIONS = 4

/** No process ended that was not ended, none holds on to more than it needs. */
export function processes({ endings, sessions, connections, instances }: Facts): LedgerLine {
  const differences: string[] = []
  for (const { instance, code, asked, wasLive, said } of endings) {
    if (asked === 'killed' && code === null) continue
    if (asked === 'stopped' && code === 0) continue
    // What could not be finished in time is named and left to be done again; and a service that cannot start says why
    // in one line, and leaves it to its supervisor to try again.
    if (asked === 'stopped' && code === 1 && said.includes('stopped before these had ended')) continue
    if (asked === null && code === 1 && !wasLive && isRefusalToStart(said)) continue
    differences.push(
      `${instance} ended with ${code}${asked === null ? '' : `, ${asked}`}: ${said.slice(-1_500)}`,
    )
  }
  for (const { service, idle, query } of sessions.all) {
    if (idle > LONGEST_IDLE)
      differences.push(`${service}: a session idles in its transaction since ${idle} s, after ${query}`)
  }
  for (const service of ['allocation', 'notifications']) {
    const total = sessions.left.filter((session) => session.service === service).length
    if (total > (instances / 2) * MOST_SESSIONS)
      differences.push(`${service} has ${total} sessions of Postgres`)
    const connected = connections.get(service) ?? 0
    if (connected > (instances / 2) * MOST_CONNECTIONS)
      differences.push(`${service} has ${connected} connections to the broker`)
  }
  return { name: 'no process failed, connections are bounded', checked: endings.length, differences }
}

function isRefusalToStart(said: string): boolean {
  const last = said.trimEnd().split('\n').at(-1) ?? ''
  return /^(allocation|notifications): /.test(last)
}

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
