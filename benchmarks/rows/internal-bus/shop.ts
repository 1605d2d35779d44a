/** What a contender's command and event hold. */
export interface OrderLine {
  readonly orderId: string
  readonly qty: number
}

const handled = { commands: 0, events: 0 }

/** Every contender's command handler: next to nothing, and something to wait for. */
export async function placeOrder({ orderId, qty }: OrderLine) {
  handled.commands += 1
  return { orderId, total: qty * 3 }
}

/** Each of the three handlers of every contender's event. */
export async function noteOrder({ qty }: OrderLine): Promise<void> {
  if (qty < 0) throw new Error('not what was published')
  handled.events += 1
}

/** How many times either has been called since it was asked last. */
export function takeHandled(): { readonly commands: number; readonly events: number } {
  const taken = { ...handled }
  handled.commands = 0
  handled.events = 0
  return taken
}
