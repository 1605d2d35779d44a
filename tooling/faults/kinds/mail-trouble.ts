import type { Fault } from '../fault.ts'

/** The mail server has no time. */
export const mailRefused: Fault = {
  name: 'mails refused for now',
  lane: 'mail',
  lasts: [500, 4_000],
  inject: async ({ mail }, random) => {
    mail.refuse({ code: random.pick([421, 450, 451, 452]), text: 'try again later' })
    return async () => mail.refuse(null)
  },
}

/** The mail server is away. */
export const mailServerAway: Fault = {
  name: 'mail server away',
  lane: 'mail',
  lasts: [500, 4_000],
  inject: async ({ mail }) => {
    await mail.close()
    return () => mail.open()
  },
}
