import fc from 'fast-check'
import type { Channel, SafeChannel } from './delivery.ts'
import { describe, type Request } from './request.ts'
import { BATCHES, type Ending, ORDERS, type Run, SKUS } from './run.ts'

/** What may happen next. It is left out where `check` finds it pointless. */
export type Step = fc.AsyncCommand<Run, Run>

const ref = fc.constantFrom(...BATCHES)
const sku = fc.constantFrom(...SKUS, SKUS[0], SKUS[0])
const orderId = fc.constantFrom(...ORDERS)
const notify = fc.option(fc.constantFrom('ann@example.com', 'bob@example.com'))
const eta = fc.option(fc.constantFrom('2030-01-01', '2030-02-02'))
const index = fc.nat(50)
const channel = fc.constantFrom<Channel>('http', 'keyed', 'keyed twice', 'call', 'send and call')
const safeChannel = fc.constantFrom<SafeChannel>('keyed', 'keyed twice', 'call', 'send and call')

const createBatch = fc
  .record({ ref, sku, qty: fc.integer({ min: 1, max: 12 }), eta })
  .map((batch): Request => ({ do: 'CreateBatch', ...batch }))
const changeBatchQuantity = fc
  .record({ ref, qty: fc.integer({ min: 0, max: 15 }) })
  .map((change): Request => ({ do: 'ChangeBatchQuantity', ...change }))
const allocate = fc
  .record({ orderId, sku, qty: fc.integer({ min: 1, max: 4 }), notify })
  .map((line): Request => ({ do: 'Allocate', ...line }))
const cancelLine = fc.record({ orderId, sku }).map((line): Request => ({ do: 'CancelLine', ...line }))

const request = fc.oneof(
  { weight: 3, arbitrary: createBatch },
  { weight: 6, arbitrary: changeBatchQuantity },
  { weight: 8, arbitrary: allocate },
  { weight: 4, arbitrary: cancelLine },
)

const ask = fc.record({ request, channel, astray: fc.nat(7) }).map(({ request, channel, astray }) =>
  step(
    `${describe(request)} (${channel})`,
    (run) => run.ask(request, channel),
    (run) => astray === 7 || hasObject(run, request),
  ),
)

const deliverAgain = index.map((n) =>
  step(
    `message ${n} again`,
    (run) => run.deliverAgain(n),
    (run) => run.hasAsked,
  ),
)

const askAgain = fc.record({ index, channel }).map(({ index: n, channel: by }) =>
  step(
    `as message ${n}, in a new one (${by})`,
    (run) => run.askAgain(n, by),
    (run) => run.hasAsked,
  ),
)

const publishAgain = index.map((n) => step(`event ${n} again`, (run) => run.publishAgain(n)))

const rest = fc.constant(0).map(() => step('rest', (run) => run.rest()))

const restart = (endings: readonly Ending[]) =>
  fc
    .record({
      service: fc.constantFrom('allocation' as const, 'notifications' as const),
      ending: fc.constantFrom(...endings),
      meanwhile: fc.option(fc.record({ request, channel: safeChannel })),
    })
    .map(({ service, ending, meanwhile }) =>
      step(
        `${ending} and start ${service}${meanwhile === null ? '' : `, meanwhile ${describe(meanwhile.request)} (${meanwhile.channel})`}`,
        (run) =>
          run.restart(
            service,
            ending,
            meanwhile === null ? undefined : () => run.ask(meanwhile.request, meanwhile.channel),
          ),
      ),
    )

/** @param endings how a service may end before it is started again */
export function steps(endings: readonly Ending[], replayPath?: string): fc.Arbitrary<Iterable<Step>> {
  const any = fc.oneof(
    { weight: 40, arbitrary: ask },
    { weight: 2, arbitrary: deliverAgain },
    { weight: 2, arbitrary: askAgain },
    { weight: 2, arbitrary: publishAgain },
    { weight: 3, arbitrary: rest },
    { weight: endings.includes('kill') ? 5 : 1, arbitrary: restart(endings) },
  )
  return fc.commands([any], {
    maxCommands: 60,
    size: 'max',
    ...(replayPath === undefined ? {} : { replayPath }),
  })
}

function step(
  text: string,
  perform: (run: Run) => Promise<void>,
  check: (run: Run) => boolean = () => true,
): Step {
  return {
    // fast-check types what `check` is given as if it had no private fields.
    check: (run) => check(run as Run),
    run: (_, run) => {
      run.steps.push(text)
      return perform(run)
    },
    toString: () => text,
  }
}

/** Most of what is asked is about something that is there. */
function hasObject({ model }: Run, request: Request): boolean {
  switch (request.do) {
    case 'CreateBatch':
      return true
    case 'ChangeBatchQuantity':
      return model.ownerOf(request.ref) !== undefined
    case 'Allocate':
      return model.products.has(request.sku)
    case 'CancelLine':
      return model.lineOf(request.orderId, request.sku) !== undefined
  }
}
