import { connect } from 'amqplib'
import { eventually } from './eventually.ts'
import type { KillableBroker } from './killable-broker.ts'
import { frame, openLink, type TestLink, textOf } from './open-link.ts'

/** Longer than any alarm. */
const LONG = 600_000

/** Publishes with amqplib alone until the broker blocks the connection, and closes it. */
export async function floodBare({ adminUrl }: KillableBroker, messages: number) {
  const connection = await connect(adminUrl)
  const blocked = new Promise((resolve) => connection.once('blocked', resolve))
  const channel = await connection.createConfirmChannel()
  const ended = { confirmed: 0, failed: 0 }
  for (let i = 0; i < messages; i++) {
    channel.publish('x.events', 'evt.Charged', Buffer.from(`bare ${i}`), { persistent: true }, (error) => {
      ended[error ? 'failed' : 'confirmed'] += 1
    })
  }
  await blocked
  await connection.close()
  return ended
}

/** As much on a link of ours, which is closed when it is blocked. */
export async function flood({ link }: TestLink, messages: number) {
  const [confirmed, notExecuted] = [new Set<string>(), new Set<string>()]
  const all = Array.from({ length: messages }, (_, i) => `own ${i}`).map((body) =>
    link.publish(frame('x.events', 'evt.Charged', body), LONG).then(
      () => confirmed.add(body),
      ({ outcome }) => outcome === 'not-executed' && notExecuted.add(body),
    ),
  )
  await eventually('it is blocked', () => link.state === 'blocked')
  const refusedAtOnce = notExecuted.size
  await link.close(300)
  await Promise.all(all)
  return { refusedAtOnce, confirmed, notExecuted }
}

/** Takes all that is left in the subscriber's queue. */
export async function drain(broker: KillableBroker): Promise<readonly string[]> {
  await using shipping = await openLink(broker, 'shipping', 'billing')
  const bodies: string[] = []
  await shipping.link.consume('shipping.q.events', { prefetch: 100 }, (incoming) => {
    bodies.push(textOf(incoming))
    incoming.ack()
  })
  await using control = await openLink(broker, 'billing', 'billing')
  const last = crypto.randomUUID()
  await control.link.publish(frame('x.events', 'evt.Charged', last), 10_000)
  await eventually('all has come', () => bodies.includes(last))
  return bodies.filter((body) => body !== last)
}
