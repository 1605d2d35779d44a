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
  {
    name: 'nobody is allowed to call',
    patches: [
      {
        file: 'external-bus/serve-commands.js',
        from: 'allows: (definition, caller) => registrations.callersOf(definition).includes(caller),',
        to: 'allows: () => false,',
      },
    ],
  },
  {
    name: 'reconnect that forgets the queue of calls',
    patches: [
      {
        file: 'external-bus/in-memory-link.js',
        from: 'again: attach, };',
        to: "again: attach, isForgotten: name === 'q.calls' };",
      },
      {
        file: 'external-bus/in-memory-link.js',
        from: 'if (attachment.again !== undefined)',
        to: 'if (attachment.again !== undefined && !attachment.isForgotten)',
      },
    ],
  },
]
