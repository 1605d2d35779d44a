import type { Row } from '../../suite/row.ts'

const NO_RESULT = 'it has no result for whoever sent the command, who waits for the handler only'

/** Bytes are what a message leaves on the heap of a process, garbage included, between two collections. */
export const row: Row = {
  name: 'internal-bus',
  title: 'Inside one process: a command with its result, an event with three handlers',
  work: 'Messages one after another, each made, dispatched and handled by async functions that do next to nothing.',
  measures: {
    'ns/command': 'less',
    'ns/event': 'less',
    'bytes/command': 'less',
    'bytes/event': 'less',
  },
  contenders: [
    {
      name: 'posthorn',
      module: 'posthorn',
      settings:
        'the message bus as it is (time limit, retry of conflicts, a unit for each handler) on units of work that cost nothing, schemas that let everything pass',
    },
    {
      name: 'posthorn, validated by zod',
      module: 'posthorn',
      argument: 'validated',
      settings: 'the same, but the command has a schema of zod’s',
    },
    {
      name: 'posthorn, in memory',
      module: 'posthorn',
      argument: 'in-memory',
      settings: 'the same on the in-memory units of work, nothing read or written',
    },
    {
      name: 'plain async function',
      module: 'plain-function',
      settings: 'awaited; an event is three functions awaited one after another',
    },
    {
      name: '@nestjs/cqrs',
      module: 'nestjs-cqrs',
      packageName: '@nestjs/cqrs',
      settings:
        'static handlers in an application context; publishing ends before the handlers do, so these are waited for by a count; no unit of work, no time limit, an event’s failure is only logged',
    },
    {
      name: 'emittery',
      module: 'emittery',
      packageName: 'emittery',
      settings: 'the newest for Node 20; events only, `emit` awaits all listeners, which run side by side',
    },
    {
      name: '@node-ts/bus',
      module: 'node-ts-bus',
      packageName: '@node-ts/bus-core',
      settings: `in-memory queue, concurrency 1; ${NO_RESULT}`,
    },
    {
      name: 'emmett',
      module: 'emmett',
      packageName: '@event-driven-io/emmett',
      settings: `in-memory message bus: a map of functions; ${NO_RESULT}`,
    },
  ],
  targets: [
    {
      contender: 'posthorn',
      measure: 'ns/command',
      against: 'plain async function',
      atMostOver: 1_000,
    },
    { contender: 'posthorn', measure: 'ns/command', against: '@nestjs/cqrs', atMost: 0.33 },
    { contender: 'posthorn', measure: 'ns/event', against: '@nestjs/cqrs', atMost: 0.33 },
  ],
  rounds: 5,
  warmUp: 2,
  // So many that what a collection before a round has made V8 forget is soon compiled again.
  size: { full: 20_000, smoke: 100 },
}
