import type { VhostPlan } from '@posthorn/core/transport'
import { type ChannelModel, connect } from 'amqplib'
import { type BrokerOperation, isPlanned, lookupsOf, mayUse, operationsIn } from './broker-operations.ts'

/** What became of one user's attempts in one vhost. */
export interface Probed {
  /** Null when the user may not even enter. */
  readonly allowed: readonly string[] | null
  readonly refused: number
  /** The broker's. */
  readonly version: string
}

/**
 * Tries every operation in a vhost as the user of the URL.
 *
 * @throws when something is refused for another reason than that it is forbidden: nothing is known then
 */
export async function probe(url: string, vhost: VhostPlan): Promise<Probed> {
  const operations = [...lookupsOf(vhost), ...operationsIn(vhost)]
  const target = new URL(url)
  target.pathname = vhost.name
  let connection: ChannelModel
  try {
    connection = await connect(target.href, { noDelay: true })
  } catch (error) {
    // How amqplib puts the broker's refusal of a vhost.
    if (/Expected ConnectionOpenOk/.test(String(error)))
      return { allowed: null, refused: operations.length, version: '' }
    throw error
  }
  try {
    const allowed: string[] = []
    for (const operation of operations) {
      if (await succeeds(connection, operation)) allowed.push(operation.name)
    }
    const { version } = connection.connection.serverProperties
    return { allowed, refused: operations.length - allowed.length, version }
  } finally {
    await connection.close()
  }
}

async function succeeds(connection: ChannelModel, { name, run }: BrokerOperation): Promise<boolean> {
  const channel = await connection.createConfirmChannel()
  let code: unknown
  channel.on('error', (error: { code?: unknown }) => {
    code = error.code
  })
  try {
    await run(channel)
  } catch (error) {
    if (code === 403) return false
    throw new Error(`${name}: refused with ${code}`, { cause: error })
  }
  await channel.close()
  return true
}

/** What a user should be allowed in a vhost; null when it should not even enter. */
export function plannedFor(vhost: VhostPlan, user: string, version: string): readonly string[] | null {
  if (!vhost.permissions.some((one) => one.user === user)) return null
  const looksAnywhere = version.localeCompare('4.2.6', 'en', { numeric: true }) < 0
  const lookups = lookupsOf(vhost).filter((one) => looksAnywhere || mayUse(vhost, user, one))
  const operations = operationsIn(vhost).filter((one) => isPlanned(vhost, user, one))
  return [...lookups, ...operations].map(({ name }) => name)
}

/** The exchanges that were published to, and after a bar the queues that were read, in the order of the alphabet. */
export function usedIn({ allowed }: Probed): string | undefined {
  if (allowed === null) return undefined
  const objects = (verb: RegExp) =>
    [...new Set(allowed.flatMap((name) => verb.exec(name)?.[1] ?? []))].sort().join(' ')
  return `${objects(/^publish to (\S+)/)} | ${objects(/^(?:consume|get from|purge) (\S+)/)}`.trim()
}

/** User × vhost: how much is allowed and refused, and what is allowed. */
export function matrixOf(probed: ReadonlyMap<string, Probed>): string {
  const lines = [...probed].flatMap(([where, { allowed, refused }]) =>
    allowed === null
      ? [`${where}: refused at the door (${refused} operations)`]
      : [`${where}: ${allowed.length} allowed, ${refused} refused`, ...grouped(allowed)],
  )
  return lines.join('\n')
}

/** One line for all keys of an exchange. */
function grouped(names: readonly string[]): readonly string[] {
  const groups = new Map<string, string[]>()
  for (const name of names) {
    const [what = '', key] = name.split(' with ')
    groups.set(what, [...(groups.get(what) ?? []), ...(key === undefined ? [] : [key])])
  }
  return [...groups].map(
    ([what, keys]) => `    ${what}${keys.length === 0 ? '' : ` with ${keys.join(', ')}`}`,
  )
}
