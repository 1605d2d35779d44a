import type { CaughtMail, MailCatcher } from '../running-system/mail-catcher.ts'
import type { AllocationClient } from './allocation-client.ts'
import type { DemoFiles } from './demo-files.ts'
import { loadFiles } from './load-files.ts'
import { dim, outcome, say, step } from './narration.ts'

/** Plays a scenario against the running system. Throws a sentence when the system did not do what it should. */
export type Scenario = (client: AllocationClient, mail: MailCatcher) => Promise<void>

/** The files' lines through the HTTP API, then one mail for each line that fits nowhere. */
export function filesScenario(files: DemoFiles): Scenario {
  return async (client, mail) => {
    step(`Batches from ${files.batches.path}, order lines from ${files.orders.path}`)
    const tally = await loadFiles(client, files, say)
    outcome(
      `${tally.batches} batches; ${tally.allocated} lines allocated, ${tally.backordered} backordered, ` +
        `${tally.unknownSku} of unknown products, ${tally.repeated} repeated, ${tally.rejected} rejected`,
    )
    step(`The buyers get a mail for each backordered line: ${tally.backordered} in all`)
    const mails = await mail.waitFor(tally.backordered, isOutOfStock, 60_000 + tally.backordered * 100)
    expectThat(
      mails.length === tally.backordered,
      `${mails.length} mails for ${tally.backordered} backordered lines`,
    )
    outcome(`${mails.length} came, one for each`)
  }
}

/** The story of one desk too few, one batch that shrank, and one delivery. */
export function sampleScenario(files: DemoFiles): Scenario {
  return async (client, mail) => {
    mail.onMail((caught) => say(dim(`  ✉ to ${caught.to.join(', ')}: ${caught.subject}`)))

    step('Stock and shipments arrive, and seven customers order')
    const tally = await loadFiles(client, files, say)
    outcome(
      `${tally.allocated} lines allocated, ${tally.backordered} backordered, ${tally.unknownSku} of an unknown product`,
    )
    expectThat(
      tally.allocated === 6 && tally.backordered === 1 && tally.unknownSku === 1,
      `6 lines allocated, 1 backordered and 1 unknown were expected`,
    )

    step('order-6 wants 3 standing desks and 1 is left: the line waits, and the buyers get a mail')
    const [outOfStock] = await mail.waitFor(1, isOutOfStock)
    tell(outOfStock)

    step('order-2 asked to be told: allocation sent the command Watch through its outbox')
    tell((await mail.waitFor(1, to('ada@example.com')))[0])

    step(
      'The warehouse counts again: stock-lamp holds 20 lamps, not 30. The last line allocated moves to the shipment',
    )
    const shrunk = await client.changeBatch('stock-lamp', 20)
    expectThat(shrunk.status === 200, `PATCH /batches/stock-lamp answered ${shrunk.status}`)
    const moved = await client.get('/allocations/order-2')
    outcome(`GET /allocations/order-2 → ${JSON.stringify(moved.body)}`)
    expectThat(JSON.stringify(moved.body).includes('ship-lamp'), 'order-2 was expected in ship-lamp')
    const toAda = await mail.waitFor(3, to('ada@example.com'))
    for (const caught of toAda.slice(1)) tell(caught)

    step('Ten desks are delivered: the waiting line is served in the same transaction')
    await client.createBatch({ ref: 'stock-desk-2', sku: 'STANDING-DESK', qty: 10 })
    const served = await client.get('/allocations/order-6')
    outcome(`GET /allocations/order-6 → ${JSON.stringify(served.body)}`)
    expectThat(JSON.stringify(served.body).includes('stock-desk-2'), 'order-6 was expected in stock-desk-2')
    tell(
      (
        await mail.waitFor(
          1,
          (caught) => to('grace@example.com')(caught) && caught.text.includes('stock-desk-2'),
        )
      )[0],
    )
  }
}

function tell(caught: CaughtMail | undefined): void {
  for (const line of (caught?.text ?? '').split('\n')) outcome(dim(`│ ${line}`))
}

const isOutOfStock = ({ subject, to: recipients }: CaughtMail) =>
  subject.startsWith('Out of stock for ') && recipients.includes('stock@made.com')

const to = (recipient: string) => (caught: CaughtMail) => caught.to.includes(recipient)

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`The scenario failed: ${otherwise}`)
}
