import type { World } from '../world.ts'

export function needsOwnServers({ own }: World): string | undefined {
  return own === undefined ? 'the servers are not the machine’s own' : undefined
}
