import type { AddressInfo } from 'node:net'
import { createLogger } from '@posthorn/chassis'
import { anyInputBehaviour } from '../../../../tooling/fixtures/bad-input/any-input-behaviour.ts'
import type { Endpoint } from '../../../../tooling/fixtures/bad-input/endpoint.ts'
import { address, limit, uuid } from '../../../../tooling/fixtures/bad-input/fields.ts'
import { refusalBehaviour } from '../../../../tooling/fixtures/bad-input/refusal-behaviour.ts'
import type { Target } from '../../../../tooling/fixtures/bad-input/target.ts'
import { type MakeStorage, startNotifications } from './notifications-service.ts'

const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/notifications', query: { recipient: address, after: uuid, limit } },
]

const start = (makeStorage: MakeStorage) => async (): Promise<Target> => {
  const logged: string[] = []
  const logger = createLogger('notifications', 'info', { write: (line) => void logged.push(line) })
  const { service, stop } = await startNotifications(makeStorage, undefined, logger)
  const { port } = service.http.server.address() as AddressInfo
  return { port, logged, stop }
}

/** What is refused before any storage is asked. */
export const badInputBehaviour = (makeStorage: MakeStorage) => refusalBehaviour(start(makeStorage), endpoints)

/** What a storage gets to see. */
export const oddInputBehaviour = (makeStorage: MakeStorage) =>
  anyInputBehaviour(start(makeStorage), endpoints)
