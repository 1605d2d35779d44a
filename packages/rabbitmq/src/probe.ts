import type { Channel } from 'amqplib'
import { type Loss, lossFrom } from './loss.ts'
import type { Session } from './session.ts'

/**
 * Tries something on a throw-away channel, because the broker answers a refusal by closing the channel.
 *
 * @returns why the broker refused, null when it did not
 * @throws when the connection fails meanwhile
 */
export async function probe(
  session: Session,
  work: (channel: Channel) => Promise<unknown>,
): Promise<Loss | null> {
  let refusal: Loss | null = null
  const channel = await session.channel((fresh) => {
    fresh.on('error', (error) => {
      refusal = lossFrom(error, false)
    })
  })
  try {
    await session.answer(work(channel))
  } catch (error) {
    // Of several questions on their way the broker refuses one, and the others only fail with the channel.
    if (refusal === null) throw error
    return refusal
  }
  await session.answer(channel.close())
  return null
}
