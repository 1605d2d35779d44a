import type { Mutant } from './mutant.ts'

const REDELIVERY = 'external-bus/redelivery.js'

export const mutantsOfDeliveries: readonly Mutant[] = [
  {
    name: 'ack before commit',
    patches: [
      {
        file: 'external-bus/consume-events.js',
        from: 'await callHandlers(context, incoming, accepted, sender.attempt);',
        to: 'incoming.ack(); await callHandlers(context, incoming, accepted, sender.attempt);',
      },
      {
        file: 'external-bus/serve-commands.js',
        from: 'await runCommand(context, incoming, received, context.handlerTimeout);',
        to: 'incoming.ack(); await runCommand(context, incoming, received, context.handlerTimeout);',
      },
    ],
  },
  {
    name: 'ack before the copy is confirmed',
    patches: [
      {
        file: REDELIVERY,
        from: '() => route.link.publish(copy, COPY_DEADLINE)',
        to: '() => { incoming.ack(); return route.link.publish(copy, COPY_DEADLINE); }',
      },
    ],
  },
  {
    name: 'ack of what has failed',
    patches: [
      {
        file: REDELIVERY,
        from: '() => route.link.publish(copy, COPY_DEADLINE)',
        to: '() => Promise.resolve()',
      },
    ],
  },
  {
    name: 'ack of what a stop has broken off',
    patches: [
      {
        file: 'external-bus/deliveries.js',
        from: 'incoming.release(); this.#abandoned',
        to: 'incoming.ack(); this.#abandoned',
      },
      {
        file: 'external-bus/deliveries.js',
        from: 'incoming.release(); return Promise.resolve();',
        to: 'incoming.ack(); return Promise.resolve();',
      },
    ],
  },
  {
    name: 'reconnect that forgets a consumer',
    patches: [
      {
        file: 'external-bus/in-memory-link.js',
        from: 'attachment.hold = attachment.again();',
        to: 'if (attachment !== [...this.#attachments].at(-1)) attachment.hold = attachment.again();',
      },
    ],
  },
]
