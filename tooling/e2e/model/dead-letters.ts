import type { SystemPlan } from '@posthorn/core/transport'
import { http } from './http.ts'

/** Looks into every dead queue, as the broker's administrator. */
export async function deadLetters(plan: SystemPlan, managementUrl: string): Promise<readonly string[]> {
  const { origin, username, password } = new URL(managementUrl)
  const authorization = `Basic ${btoa(`${username}:${password}`)}`
  const found: string[] = []
  for (const vhost of plan.vhosts) {
    for (const { name } of vhost.queues.filter((queue) => queue.name.endsWith('.dead'))) {
      const url = `${origin}/api/queues/${vhost.name}/${name}/get`
      const look = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
      const { status, body } = await http('POST', url, look, { authorization })
      if (status !== 200) throw new Error(`${name} of ${vhost.name} cannot be read: ${status}`)
      const letters = body as { properties: object; payload: string }[]
      found.push(
        ...letters.map(({ properties, payload }) => `${name}: ${payload} ${JSON.stringify(properties)}`),
      )
    }
  }
  return found
}
