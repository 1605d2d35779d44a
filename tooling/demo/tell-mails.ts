import type { CaughtMail } from '../running-system/mail-catcher.ts'
import { say } from './narration.ts'

/** Why a mail goes out, by what its subject says. */
const reasons: readonly { readonly subject: RegExp; readonly why: string }[] = [
  { subject: /^Out of stock for /, why: 'out of stock: the first try of an order line found no batch' },
  { subject: / is allocated$/, why: 'allocated: stock was found for an order that somebody watches' },
  { subject: / waits again$/, why: 'waits again: its batch has shrunk, and somebody watches the order' },
]

/** Counts the mails by their reason. */
export function tellMails(mails: readonly CaughtMail[]): void {
  say(`\n${mails.length === 1 ? '1 mail' : `${mails.length} mails`} went out:`)
  for (const { subject, why } of reasons) {
    const count = mails.filter((mail) => subject.test(mail.subject)).length
    if (count > 0) say(`  ${String(count).padStart(5)}  ${why}`)
  }
  const others = mails.filter((mail) => !reasons.some(({ subject }) => subject.test(mail.subject)))
  for (const { subject } of others) say(`         ${subject}`)
}
