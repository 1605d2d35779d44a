/** What the load asks the allocation domain for. */
export type Request =
  | {
      readonly do: 'CreateBatch'
      readonly ref: string
      readonly sku: string
      readonly qty: number
      readonly eta: string | null
    }
  | { readonly do: 'ChangeBatchQuantity'; readonly ref: string; readonly qty: number }
  | {
      readonly do: 'Allocate'
      readonly orderId: string
      readonly sku: string
      readonly qty: number
      readonly notify: string | null
    }
  /** The same line again with another address: nothing but a watch comes of it, and that comes late. */
  | {
      readonly do: 'AskToBeTold'
      readonly orderId: string
      readonly sku: string
      readonly qty: number
      readonly notify: string
    }
  | { readonly do: 'CancelLine'; readonly orderId: string; readonly sku: string }

/** How it is asked: over HTTP with an idempotency key, or over the broker as a client that waits for an answer, or not. */
export type Channel = 'http' | 'call' | 'send'

/**
 * What the asker knows in the end: that it was done; that it will be (the broker has it); that it was not; or nothing for
 * certain. `wrong`: the answer can by no means be right.
 */
export type Outcome = 'done' | 'accepted' | 'not done' | 'unknown' | 'wrong'

export interface Reply {
  readonly outcome: Outcome
  /** What was answered, or why it was not. */
  readonly answer: unknown
}

/** Something that was asked for, under one id however often it was tried. */
export interface Asked {
  readonly id: string
  readonly request: Request
  readonly channel: Channel
  readonly tries: number
  readonly outcome: Outcome
  readonly answer: unknown
}
