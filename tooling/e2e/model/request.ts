/** What the model and the running system are asked alike. Names are short; a run puts its own prefix before them. */
export type Request =
  | { readonly do: 'CreateBatch'; ref: string; sku: string; qty: number; eta: string | null }
  | { readonly do: 'ChangeBatchQuantity'; ref: string; qty: number }
  | { readonly do: 'Allocate'; orderId: string; sku: string; qty: number; notify: string | null }
  | { readonly do: 'CancelLine'; orderId: string; sku: string }

export type RequestFor<D extends Request['do']> = Extract<Request, { readonly do: D }>

/** The result's telling members, or the name of the declared error. */
export type Answer = Readonly<Record<string, unknown>>

/** As a line of a counterexample. */
export function describe(request: Request): string {
  switch (request.do) {
    case 'CreateBatch':
      return `CreateBatch ${request.ref} of ${request.sku}: ${request.qty}${request.eta ? `, eta ${request.eta}` : ''}`
    case 'ChangeBatchQuantity':
      return `ChangeBatchQuantity ${request.ref}: ${request.qty}`
    case 'Allocate':
      return `Allocate ${request.orderId} ${request.sku}: ${request.qty}${request.notify ? `, notify ${request.notify}` : ''}`
    case 'CancelLine':
      return `CancelLine ${request.orderId} ${request.sku}`
  }
}

/** The request with the names that are this run's alone. */
export function withPrefix(request: Request, prefix: string): Request {
  const names = Object.entries(request).filter(([key, value]) => NAMES.has(key) && typeof value === 'string')
  return { ...request, ...Object.fromEntries(names.map(([key, value]) => [key, `${prefix}${value}`])) }
}

/** Anything that the system has shown, in short names. */
export function withoutPrefix<T>(shown: T, prefix: string): T {
  return shown === undefined ? shown : (JSON.parse(JSON.stringify(shown).replaceAll(prefix, '')) as T)
}

const NAMES: ReadonlySet<string> = new Set(['ref', 'sku', 'orderId', 'notify'])
