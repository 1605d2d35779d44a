import type { Mutant } from './mutant.ts'

const RUN_HANDLER = 'internal-bus/run-handler.js'
const TRANSACTION = 'unit-of-work/in-memory-transaction.js'
const CLAIM = 'const claimed = await transaction.inbox.claim(claim.key, claim.fingerprint);'
const RECORD = 'if (claim !== undefined) transaction.inbox.record(claim.key, { ok: true, result });'

export const mutantsOfUnits: readonly Mutant[] = [
  {
    name: 'inbox outside the transaction',
    patches: [
      {
        file: RUN_HANDLER,
        from: CLAIM,
        to: `const own = await parts.units.begin({ signal: context.signal, attempt });
          const claimed = await own.inbox.claim(claim.key, claim.fingerprint);
          await (claimed.first ? own.commit() : own.rollback());`,
      },
      { file: RUN_HANDLER, from: RECORD, to: '' },
    ],
  },
  {
    name: 'duplicate delivery without inbox',
    patches: [
      {
        file: RUN_HANDLER,
        from: CLAIM,
        to: 'await transaction.inbox.claim(claim.key, claim.fingerprint); const claimed = { first: true };',
      },
      { file: RUN_HANDLER, from: RECORD, to: '' },
    ],
  },
  {
    name: 'events collected before commit',
    patches: [
      {
        file: TRANSACTION,
        from: 'this.#records.push(...records);',
        to: `this.#records.push(...records);
          this.early = records.map((record) => this.#store.queue.entryOf(record));
          for (const entry of this.early) this.#store.tables.get(OUTBOX).set(entry.position, entry);
          this.#store.queue.announce();`,
      },
      {
        file: TRANSACTION,
        from: 'const entries = this.#records.map((record) => this.#store.queue.entryOf(record));',
        to: 'const entries = this.early ?? [];',
      },
    ],
  },
  {
    name: 'retry with the same unit',
    patches: [
      {
        file: RUN_HANDLER,
        from: 'const transaction = await parts.units.begin(withSignal({ attempt, handling, claim }, context));',
        to: 'const transaction = (context.unit ??= await parts.units.begin(withSignal({ attempt, handling, claim }, context)));',
      },
    ],
  },
  {
    name: 'reply before commit',
    patches: [
      {
        file: RUN_HANDLER,
        from: 'const entries = await transaction.commit();',
        to: `const entries = [];
          void transaction.commit().catch(() => undefined);
          transaction.rollback = async () => undefined;`,
      },
    ],
  },
  {
    name: 'entry not struck off',
    patches: [
      {
        file: RUN_HANDLER,
        from: 'if (position !== undefined && !(await transaction.outbox.strikeOff(position))) return NOTHING;',
        to: '',
      },
    ],
  },
  {
    name: 'version not compared and row not locked',
    patches: [
      {
        file: TRANSACTION,
        from: "if (kind !== 'insert' && stored?.version !== version) throw concurrencyConflict(name, id);",
        to: '',
      },
      { file: TRANSACTION, from: 'if (locked) await this.#lock(aggregateLock(repository, id));', to: '' },
    ],
  },
  {
    name: 'declared error not kept',
    patches: [
      {
        file: 'internal-bus/create-message-bus.js',
        from: 'if (!isDeclared) throw error;',
        to: 'throw error;',
      },
    ],
  },
  {
    name: 'drain that forgets follow-ups',
    patches: [
      {
        file: 'internal-bus/create-message-bus.js',
        from: 'void this.#lifecycle.follow(message, () => this.#runFollowUps(queue, this.#dependencies).finally(() => this.#background.give()));',
        to: 'void this.#runFollowUps(queue, this.#dependencies).finally(() => this.#background.give());',
      },
    ],
  },
  {
    name: 'handler forgotten when its time is over',
    patches: [
      {
        file: 'internal-bus/create-message-bus.js',
        from: 'this.#lifecycle.follow(message, async () => running).catch(() => undefined);',
        to: '',
      },
    ],
  },
]
