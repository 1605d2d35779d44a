import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Mailer, OutgoingMail } from '../../src/service-layer/mailer.ts'

export interface MailerUnderTest {
  readonly mailer: Mailer
  /** What the server has accepted. */
  received(): Promise<readonly Omit<OutgoingMail, 'recipient'>[]>
  /** Has the server refuse the next mail. */
  refuse(how: 'for now' | 'for good'): void
}

const mail = (): OutgoingMail => ({
  id: randomUUID(),
  recipient: 'someone@example.com',
  subject: 'Out of stock for LAMP',
  text: 'Order order-1 waits.\nstock unknown',
})

/** What every mailer promises. */
export function mailerBehaviour(make: () => Promise<MailerUnderTest>): void {
  test('a mail arrives as it is', async () => {
    const { mailer, received } = await make()
    const { recipient: _, ...sent } = mail()
    expect(await mailer.send({ ...sent, recipient: 'someone@example.com' })).toEqual({ refused: null })
    expect(await received()).toMatchObject([sent])
  })

  test('the same mail again has the same id', async () => {
    const { mailer, received } = await make()
    const repeated = mail()
    await mailer.send(repeated)
    await mailer.send(repeated)
    expect((await received()).map(({ id }) => id)).toEqual([repeated.id, repeated.id])
  })

  test('a mail refused for good says why', async () => {
    const { mailer, received, refuse } = await make()
    refuse('for good')
    expect(await mailer.send(mail())).toEqual({ refused: 'the mail server answered 550' })
    expect(await received()).toEqual([])
  })

  test('a mail refused for now is an error, and may be sent again', async () => {
    const { mailer, received, refuse } = await make()
    refuse('for now')
    const again = mail()
    await expect(mailer.send(again)).rejects.toThrow('451')
    expect(await mailer.send(again)).toEqual({ refused: null })
    expect(await received()).toHaveLength(1)
  })
}
