import type { Mutant } from './mutant.ts'

const world = 'ordered'

export const mutantsOfOrder: readonly Mutant[] = [
  {
    name: 'ordered consumer that tries again by way of the tiers',
    world,
    patches: [
      {
        file: 'external-bus/consume-events.js',
        from: 'const handle = context.ordered ? handleInPlace : handleOnce;',
        to: 'const handle = handleOnce;',
      },
    ],
  },
  {
    name: 'ordered queue with two consumers at once',
    world,
    patches: [
      {
        file: 'external-bus/in-memory-queue.js',
        from: "if (this.plan.arguments['x-single-active-consumer'] === true)",
        to: 'if (false)',
      },
    ],
  },
  {
    name: 'ordered consumer that takes more than one',
    world,
    patches: [
      {
        file: 'external-bus/bus-session.js',
        from: 'prefetch: ordered ? 1 : prefetch',
        to: 'prefetch',
      },
    ],
  },
]
