import { type CaughtMail, type MailCatcher, startMailCatcher } from '../running-system/mail-catcher.ts'

/** A real SMTP server that may refuse for now, or be away. */
export interface MailServer {
  readonly url: string
  /** All that it ever took. */
  readonly mails: readonly CaughtMail[]
  /** What every recipient gets to hear; null lets mails through. */
  refuse(answer: { readonly code: number; readonly text: string } | null): void
  close(): Promise<void>
  /** Opens it again on the same port, where it is closed. */
  open(): Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const mails: CaughtMail[] = []
  let answer: { readonly code: number; readonly text: string } | null = null
  const start = async (port?: number) => {
    const catcher = await startMailCatcher(port)
    catcher.onMail((mail) => mails.push(mail))
    catcher.refuse(() => answer)
    return catcher
  }
  let catcher: MailCatcher | undefined = await start()
  const { url } = catcher
  return {
    url,
    mails,
    refuse: (next) => {
      answer = next
    },
    close: async () => {
      const open = catcher
      catcher = undefined
      await open?.stop()
    },
    open: async () => {
      catcher ??= await start(Number(new URL(url).port))
    },
  }
}
