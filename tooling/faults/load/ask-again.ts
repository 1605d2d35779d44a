import { setTimeout as pause } from 'node:timers/promises'
import type { Fleet } from '../fleet.ts'
import { askByBroker } from './ask-by-broker.ts'
import { askByHttp } from './ask-by-http.ts'
import type { Clients } from './clients.ts'
import type { Asked, Reply } from './request.ts'

const TRIES = 5

/** The very same request once more, by the same way, until it is answered. */
export async function askAgain(
  asked: Asked,
  { fleet, clients }: { readonly fleet: Pick<Fleet, 'of'>; readonly clients: Clients },
): Promise<Asked> {
  const { id, request, channel } = asked
  const patient = new AbortController().signal
  const ask = async (): Promise<Reply> => {
    if (channel !== 'http') return askByBroker(clients, request, channel, patient, id).ask()
    const [instance] = fleet.of('allocation')
    return askByHttp(instance?.url ?? '', id, request, patient)
  }
  for (let tries = 1; ; tries++) {
    const reply = await ask()
    if (reply.outcome === 'done' || tries === TRIES) return { ...asked, ...reply }
    await pause(1_000)
  }
}
