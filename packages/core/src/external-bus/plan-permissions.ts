import {
  CALL_QUEUE,
  COMMAND_QUEUE,
  commandExchange,
  EVENTS_EXCHANGE,
  eventKey,
  eventQueue,
  OWNER_RETRY_EXCHANGE,
  subscriberRetryExchange,
} from './names.ts'
import type { PermissionPlan, TopicPermissionPlan } from './topology.ts'

/** What one foreign user does in a vhost. */
export interface Guest {
  readonly user: string
  readonly calls: boolean
  /** Wire names of the events it subscribes to. */
  readonly subscribes: readonly string[]
}

interface PermissionsPlan {
  readonly permissions: readonly PermissionPlan[]
  readonly topicPermissions: readonly TopicPermissionPlan[]
}

/** Nobody declares anything; everybody writes and reads exactly what their part needs. */
export function provisionedPermissions(owner: string, guests: readonly Guest[]): PermissionsPlan {
  return {
    permissions: [
      {
        user: owner,
        configure: NOTHING,
        write: exactly(EVENTS_EXCHANGE, OWNER_RETRY_EXCHANGE, REPLIES),
        read: exactly(COMMAND_QUEUE, CALL_QUEUE),
      },
      ...guests.map(({ user, calls, subscribes }) => ({
        user,
        configure: NOTHING,
        write: exactly(
          ...(calls ? [commandExchange(user)] : []),
          ...(subscribes.length > 0 ? [subscriberRetryExchange(user)] : []),
        ),
        read: exactly(...(subscribes.length > 0 ? [eventQueue(user)] : [])),
      })),
    ],
    topicPermissions: [publisher(owner)],
  }
}

/** Everybody declares their own objects: weaker, because who may bind may also bind what was not meant. */
export function selfDeclarePermissions(owner: string, guests: readonly Guest[]): PermissionsPlan {
  return {
    permissions: [
      { user: owner, configure: '^(x|q)\\..*$', write: '^((x|q)\\..*|amq\\.default)$', read: '^(x|q)\\..*$' },
      ...guests.map(({ user, calls, subscribes }) => {
        const own = `${escapeName(user)}\\..*`
        const exchange = calls ? `|${escapeName(commandExchange(user))}` : ''
        const events = subscribes.length > 0 ? `|${escapeName(EVENTS_EXCHANGE)}` : ''
        return { user, configure: `^${own}$`, write: `^(${own}${exchange})$`, read: `^(${own}${events})$` }
      }),
    ],
    topicPermissions: [
      publisher(owner),
      ...guests
        .filter(({ subscribes }) => subscribes.length > 0)
        .map(({ user, subscribes }) => ({
          user,
          exchange: EVENTS_EXCHANGE,
          write: NOTHING,
          read: exactly(...subscribes.map(eventKey)),
        })),
    ],
  }
}

/** RabbitMQ's resource name for the default exchange. */
const REPLIES = 'amq.default'
const NOTHING = '^$'

function publisher(owner: string): TopicPermissionPlan {
  return { user: owner, exchange: EVENTS_EXCHANGE, write: '^evt\\.', read: NOTHING }
}

function exactly(...names: readonly string[]): string {
  if (names.length === 0) return NOTHING
  const alternatives = names.map(escapeName).join('|')
  return names.length === 1 ? `^${alternatives}$` : `^(${alternatives})$`
}

/** Names hold letters, digits, hyphens and dots; only a dot means something to a regular expression. */
function escapeName(name: string): string {
  return name.replaceAll('.', '\\.')
}
