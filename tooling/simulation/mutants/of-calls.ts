import type { Mutant } from './mutant.ts'

export const mutantsOfCalls: readonly Mutant[] = [
  {
    name: 'pending registered after publish',
    patches: [
      {
        file: 'external-bus/pending-calls.js',
        from: 'this.#calls.set(messageId, call); void call.transmit();',
        to: 'void call.transmit().then(() => this.#calls.set(messageId, call));',
      },
    ],
  },
  {
    name: 'missing deadline',
    patches: [
      {
        file: 'external-bus/pending-call.js',
        from: 'options.clock.after(options.timeout, () => {',
        to: '((ms, fn) => () => fn)(options.timeout, () => {',
      },
    ],
  },
  {
    name: 'call ended by a connection that it does not need',
    patches: [
      {
        file: 'external-bus/pending-calls.js',
        from: 'if (call.definition.domain === domain) call.repliesLost();',
        to: "call.fail(Object.assign(new Error('lost'), { outcome: 'failed' }));",
      },
    ],
  },
]
