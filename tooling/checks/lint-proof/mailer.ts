/** What the proofs call: typed objects from another file, so that the linter needs types and not only syntax. */
export interface Mailbox {
  find(id: string): Promise<string | undefined>
  add(id: string): void
}

export class Mailer {
  async send(text: string): Promise<number> {
    return text.length
  }

  close = async (): Promise<void> => undefined
}

export async function work(id: string): Promise<void> {
  await Promise.resolve(id)
}

export type Outcome = 'sent' | 'bounced' | 'lost'

export type Shape =
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'square'; readonly side: number }
