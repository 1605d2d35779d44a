/** Hands mails over to a mail server. */
export interface Mailer {
  /**
   * Resolves when the server has taken responsibility for the mail, or has refused it for good. The same `id` makes the
   * same Message-ID.
   * @throws when it is worth trying again: the server was not to be had, or refused for now
   */
  send(mail: OutgoingMail): Promise<{ readonly refused: string | null }>
}

export interface OutgoingMail {
  readonly id: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
}
