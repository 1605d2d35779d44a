import type { Mutant, Patch } from './mutant.ts'

const QUEUE = 'outbox/in-memory-outbox-queue.js'
const TRANSACTION = 'unit-of-work/in-memory-transaction.js'
const FORWARD = 'outbox/forwarding.js'

/** Positions are drawn when a unit begins, and so before it waits for anything. */
const EARLY_POSITIONS: readonly Patch[] = [
  {
    file: TRANSACTION,
    from: 'this.#options = options;',
    to: 'this.#options = options; store.queue.reserved ??= new WeakMap(); store.queue.reserved.set(this, store.queue.reserve());',
  },
  {
    file: TRANSACTION,
    from: 'this.#records.map((record) => this.#store.queue.entryOf(record))',
    to: 'this.#records.map((record, index) => ({ ...this.#store.queue.entryOf(record), position: String(this.#store.queue.reserved.get(this) + index) }))',
  },
  {
    file: QUEUE,
    from: 'announce() {',
    to: 'reserve() { this.#rows.lastPosition += 1_000; return this.#rows.lastPosition; } announce() {',
  },
]

export const mutantsOfTheOutbox: readonly Mutant[] = [
  {
    name: 'relay without lock',
    patches: [
      {
        file: QUEUE,
        from: 'if (rows.leader !== null && this.#clock.now() - rows.leader.since < LEADER_SILENCE) return null;',
        to: 'rows.taken ??= new Set();',
      },
      {
        file: QUEUE,
        from: 'const taken = this.#dueForBroker(limit, except); if (taken.length > 0)',
        to: `const taken = this.#dueForBroker(limit, except).filter(({ position }) => !rows.taken.has(position)).slice(0, 1);
          lead.taken = taken;
          for (const { position } of taken) rows.taken.add(position);
          if (taken.length > 0)`,
      },
      {
        file: QUEUE,
        from: 'if (rows.leader !== lead) throw storeConnectionLost();',
        to: '',
      },
      {
        file: QUEUE,
        from: 'const give = () => {',
        to: 'const give = () => { for (const { position } of lead.taken ?? []) rows.taken.delete(position);',
      },
    ],
  },
  {
    name: 'outbox position drawn before the row lock',
    patches: [
      ...EARLY_POSITIONS,
      {
        file: QUEUE,
        from: 'const due = []; for (const entry of this.#entries.values()) {',
        to: 'const due = []; for (const entry of [...this.#entries.values()].sort((a, b) => Number(a.position) - Number(b.position))) {',
      },
    ],
  },
  {
    name: 'cursor without horizon',
    patches: [
      ...EARLY_POSITIONS,
      {
        file: QUEUE,
        from: 'const due = []; for (const entry of this.#entries.values()) {',
        to: `const due = []; const cursor = this.#rows.cursor ?? 0;
          for (const entry of this.#entries.values()) {
            if (Number(entry.position) <= cursor && entry.attempts === 0) continue;`,
      },
      {
        file: QUEUE,
        from: 'for (const settlement of settlements) this.#settle(settlement);',
        to: `for (const settlement of settlements) {
            this.#settle(settlement);
            this.#rows.cursor = Math.max(this.#rows.cursor ?? 0, Number(settlement.position));
          }`,
      },
    ],
  },
  {
    name: 'key blocking forgotten',
    patches: [
      { file: QUEUE, from: 'else if (key !== null) blocked.add(key);', to: '' },
      {
        file: FORWARD,
        from: 'this.#leaveLane(item); } this.#inFlight -= 1;',
        to: 'this.#advance(item); } this.#inFlight -= 1;',
      },
    ],
  },
  {
    name: 'confirm counted twice',
    patches: [
      {
        file: FORWARD,
        from: 'settlements.push({ position, ok: true });',
        to: `settlements.push({ position, ok: true });
          const { next } = item;
          if (next !== undefined) { next.part.settlements.push({ position: next.entry.position, ok: true }); item.next = next.next; leave(next); }`,
      },
    ],
  },
  {
    name: 'struck off before the confirm',
    patches: [
      {
        file: FORWARD,
        from: 'await this.#options.forward(entry);',
        to: 'void this.#options.forward(entry).catch(() => undefined);',
      },
    ],
  },
]
