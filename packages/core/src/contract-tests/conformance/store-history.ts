import { PosthornError } from '../../errors.ts'
import { type Random, seeded } from '../../simulation/random.ts'
import type { Transaction } from '../../unit-of-work/unit-of-work.ts'
import { Basket, market } from '../unit-of-work/market.ts'
import { isPending, type MarketUnit, record, type StoreFixture } from '../unit-of-work/store-fixture.ts'

const STEPS = 50
const BASKETS = 2
const MESSAGES = 2
const UNITS = 3
type Unit = Transaction<MarketUnit, 'market'>

/** One of the units that are open at the same time. */
interface Player {
  readonly name: string
  unit: Unit | undefined
  /** What it waits for, because another one has it. */
  waiting: Promise<string> | undefined
  /** What it has in hand, with the lock or without. */
  readonly has: Set<string>
}

/**
 * Does what a seed says in three units at once, and tells all that can be seen of it: what each reads, who waits for
 * whom, conflicts, claims, and at the end the rows and the outbox. Two faithful stores tell the same.
 *
 * @param prefix makes the ids of this play's rows its own
 * @param patience in ms: who has no answer for so long waits for a lock
 */
export async function storeHistory(
  fixture: Pick<StoreFixture, 'units' | 'queue'>,
  seed: number,
  prefix: string,
  patience: number,
): Promise<readonly string[]> {
  const play = new StorePlay(fixture, seeded(seed), prefix, patience)
  for (let step = 0; step < STEPS; step++) await play.step()
  await play.finish()
  return play.history
}

class StorePlay {
  readonly history: string[] = []
  readonly #fixture: Pick<StoreFixture, 'units' | 'queue'>
  readonly #random: Random
  readonly #prefix: string
  readonly #patience: number
  readonly #players: readonly Player[]
  /** The positions of what was put by for a handler, in the order of their commits. */
  readonly #kept: string[] = []

  constructor(
    fixture: Pick<StoreFixture, 'units' | 'queue'>,
    random: Random,
    prefix: string,
    patience: number,
  ) {
    this.#patience = patience
    this.#fixture = fixture
    this.#random = random
    this.#prefix = prefix
    this.#players = Array.from({ length: UNITS }, (_, index) => ({
      name: `unit ${index + 1}`,
      unit: undefined,
      waiting: undefined,
      has: new Set(),
    }))
  }

  async step(): Promise<void> {
    const { chance, pick, int } = this.#random
    const free = this.#players.filter(({ waiting }) => waiting === undefined)
    const player = free.length === 0 ? undefined : pick(free)
    const [basket, message] = [`${this.#prefix}-${int(1, BASKETS)}`, int(1, MESSAGES)]
    const kind = int(1, 6)
    const end = chance(0.75) ? 'commit' : 'roll back'
    if (player === undefined) return
    if (player.unit === undefined) {
      player.unit = await this.#fixture.units.begin({ lockTimeout: 30_000 })
      return
    }
    // Whoever is waited for ends, or two could wait for each other.
    const isWaitedFor = this.#players.some(({ waiting }) => waiting !== undefined)
    if (isWaitedFor || chance(0.3)) await this.#end(player, player.unit, end)
    else if (kind === 1 && this.#takes(player, `look at ${basket}`, `lock ${basket}`)) {
      await this.#do(player, `look at ${basket}`, (unit) => this.#change(unit, basket, false))
    } else if (kind === 2 && this.#takes(player, `lock ${basket}`, `look at ${basket}`)) {
      await this.#do(player, `lock ${basket}`, (unit) => this.#change(unit, basket, true))
    } else if (kind === 3 && this.#takes(player, `claim ${message}`)) {
      await this.#do(player, `claim ${message}`, (unit) => this.#claim(unit, message))
    } else if (kind === 4) {
      await this.#do(player, 'put by', async (unit) => this.#putBy(unit, basket))
    } else if (kind === 5 && this.#kept.length > 0) {
      const kept = int(0, this.#kept.length - 1)
      if (!this.#takes(player, `strike off ${kept}`)) return
      await this.#do(player, `strike off ${kept}`, async ({ outbox }) =>
        String(await outbox.strikeOff(this.#kept[kept] ?? '')),
      )
    } else await this.#do(player, 'tell', async (unit) => this.#tell(unit, basket))
  }

  /** Once for each unit; and not what would make a commit wait for another unit, or two units for each other. */
  #takes({ has }: Player, what: string, unless?: string): boolean {
    const isTaken = this.#players.some(
      (other) => unless !== undefined && other.has !== has && other.has.has(unless),
    )
    if (isTaken || (/^(claim|strike)/.test(what) && has.has(what))) return false
    has.add(what)
    return true
  }

  async finish(): Promise<void> {
    while (this.#players.some(({ unit }) => unit !== undefined)) {
      for (const player of this.#players) {
        if (player.unit !== undefined && player.waiting === undefined)
          await this.#end(player, player.unit, 'commit')
      }
    }
    for (let i = 1; i <= BASKETS; i++) {
      const basket = await this.#fixture.units.run((unit) => unit.baskets.get(`${this.#prefix}-${i}`))
      this.history.push(`basket ${i}: ${basket === undefined ? 'none' : shown(basket)}`)
    }
    await this.#fixture.queue.deliver(1_000, async (entries) => {
      for (const { key, message } of entries) {
        if (message.body.includes(this.#prefix)) this.history.push(`outbox: ${key} ${message.body}`)
      }
      return []
    })
  }

  async #do(player: Player, what: string, work: (unit: Unit) => Promise<string>): Promise<void> {
    const { unit } = player
    if (unit === undefined) return
    const doing = work(unit).catch(codeOf)
    if (await isPending(doing, this.#patience)) {
      this.history.push(`${player.name}: ${what}: waits`)
      player.waiting = doing
      return
    }
    this.history.push(`${player.name}: ${what}: ${await doing}`)
  }

  /** Then those who waited for it have their answers, in the order in which they asked. */
  async #end(player: Player, unit: Unit, how: 'commit' | 'roll back'): Promise<void> {
    player.unit = undefined
    player.has.clear()
    const ending = how === 'commit' ? this.#commit(unit) : unit.rollback().then(() => 'done')
    this.history.push(`${player.name}: ${how}: ${await ending.catch(codeOf)}`)
    await unit.rollback()
    for (const other of this.#players) {
      if (other.waiting === undefined || (await isPending(other.waiting, this.#patience))) continue
      this.history.push(`${other.name} has waited: ${await other.waiting}`)
      other.waiting = undefined
    }
  }

  async #commit(unit: Unit): Promise<string> {
    for (const { handler, position } of await unit.commit()) if (handler !== null) this.#kept.push(position)
    return 'done'
  }

  async #change({ unit }: Unit, id: string, lock: boolean): Promise<string> {
    const { int } = this.#random
    const sku = `sku-${int(1, 3)}`
    const qty = int(1, 9)
    let basket = await unit.baskets.get(id, lock ? { lock: 'update' } : {})
    const before = basket === undefined ? 'none' : shown(basket)
    if (basket === undefined) {
      basket = Basket.new(id)
      unit.baskets.add(basket)
    }
    basket.put(sku, qty)
    return before
  }

  async #claim({ inbox }: Unit, message: number): Promise<string> {
    const key = {
      consumer: this.#prefix,
      source: 'bank',
      messageId: `0190b2a0-0000-7000-8000-00000000000${message}`,
    }
    const fingerprint = this.#random.chance(0.9) ? 'body' : 'other body'
    const claim = await inbox.claim(key, fingerprint)
    if (!claim.first) return `known: ${JSON.stringify(claim.outcome)}`
    inbox.record(key, { ok: true, result: { message } })
    return 'first'
  }

  #putBy(unit: Unit, basketId: string): string {
    unit.outbox.add(record({ message: market.events.Looked({ basketId }), handler: 'look' }))
    return 'noted'
  }

  async #tell(unit: Unit, basketId: string): Promise<string> {
    const message = market.events.ItemAdded({ basketId, sku: `told-${this.#random.int(1, 100)}` })
    unit.outbox.add(record({ message, key: basketId }))
    return 'noted'
  }
}

function shown({ items, version }: Basket): string {
  return `${items.map(({ sku, qty }) => `${qty} ${sku}`).join(', ')} (version ${version})`
}

function codeOf(error: unknown): string {
  if (error instanceof PosthornError) return error.code
  throw error
}
