import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '../../running-system/project-root.ts'
import { fuzzedMessage } from './fuzzed-message.ts'
import { expectGoodMessagesServed } from './good-messages.ts'
import { type HostileSystem, startHostileSystem } from './hostile-system.ts'
import { heldMemory } from './memory.ts'
import { randomness } from './random.ts'
import { onRabbitMq } from './testbed.ts'

const seed = Number(process.env.POSTHORN_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32))
const count = process.env.POSTHORN_TEST_FULL === '1' ? 50_000 : 1_000
/** So many are sent before all of them must have come to an end. */
const BATCH = 1_000

let hostile: HostileSystem
const crashes: unknown[] = []
const onCrash = (error: unknown) => void crashes.push(error)
beforeAll(async () => {
  process.on('uncaughtExceptionMonitor', onCrash)
  process.on('unhandledRejection', onCrash)
  hostile = await startHostileSystem(await onRabbitMq())
}, 60_000)
afterAll(async () => {
  await hostile?.[Symbol.asyncDispose]()
  process.off('uncaughtExceptionMonitor', onCrash)
  process.off('unhandledRejection', onCrash)
})

test(`${count} messages changed at random (POSTHORN_TEST_SEED=${seed}): each is applied, answered, dead or dropped with a known reason`, async () => {
  const random = randomness(seed)
  const { doors, ledger } = hostile
  const [reasons, dropped] = [new Tally(), new Tally()]
  const unfinished: string[] = []
  const collect = async () => {
    await hostile.drained(60_000)
    for (const { reason } of hostile.deadLetters.splice(0)) reasons.add(reason)
    for (const { action, reason, error } of hostile.failures.splice(0)) {
      if (action === 'drop') dropped.add(reason)
      if (action === 'retry' || action === 'requeue') unfinished.push(`${action}: ${reason} ${error}`)
    }
  }
  let before = 0
  for (let n = 0; n < count; n += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, count - n) }, (_, i) =>
      fuzzedMessage(random, doors, n + i),
    )
    await Promise.allSettled(
      messages.map(({ door, frame, anonymous }) =>
        anonymous ? hostile.sendAnonymously(door, frame) : hostile.send(door, frame),
      ),
    )
    await collect()
    hostile.answers.length = 0
    hostile.mails.clear()
    if (n === 0) before = await heldMemory()
  }
  // What the relays have told since.
  await collect()
  const { sent, applied, answered, dead } = ledger.totals()
  const { returned } = ledger
  const grown = Math.round((await heldMemory()) - before)
  const counts = { seed, sent, applied, answered, dead, dropped: dropped.sum, returned, grown }
  console.log(JSON.stringify({ ...counts, reasons: reasons.counts, drops: dropped.counts }))

  expect(crashes).toEqual([])
  expect([ledger.failures, ledger.losses, unfinished]).toEqual([[], [], []])
  expect([...reasons.words, ...dropped.words].filter((reason) => !KNOWN.has(reason))).toEqual([])
  expect(applied + answered + dead + dropped.sum).toBe(sent)
  expect(reasons.sum).toBe(dead)
  expect(grown, 'MiB').toBeLessThan(40)
  await expectGoodMessagesServed(hostile)
}, 1_800_000)

/** As documented, and what the broker itself does. */
const page = readFileSync(join(projectRoot, 'docs/reference/wire-format.md'), 'utf8')
const KNOWN = new Set([
  'broker: expired',
  ...[...page.slice(page.indexOf('## Checks on receipt')).matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(
    ([, word]) => word,
  ),
])

class Tally {
  readonly counts: Record<string, number> = {}

  get words(): readonly string[] {
    return Object.keys(this.counts)
  }

  get sum(): number {
    return Object.values(this.counts).reduce((total, one) => total + one, 0)
  }

  add(word: string): void {
    this.counts[word] = (this.counts[word] ?? 0) + 1
  }
}
