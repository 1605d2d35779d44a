import { expect, test } from 'vitest'
import { z } from 'zod'
import { contextMap } from '../../../src/describe.ts'
import { command, defineDomain, defineSystem, event } from '../../../src/index.ts'

test('a context map has every member, and an arrow for what each may use and is told', () => {
  const nothing = z.object({})
  const end = defineDomain('end', {
    commands: {
      Begin: command({ input: nothing, allow: ['start', 'web-site'] }),
      Stop: command({ input: nothing, allow: ['start'] }),
      Hide: command({ input: nothing }),
    },
    events: { Ended: event(nothing), Counted: event(nothing, { private: true }) },
  })
  const start = defineDomain('start', {})
  const system = defineSystem({
    domains: [end, start],
    clients: { 'web-site': {}, watcher: { subscribes: [end.events.Ended] } },
  })

  expect(contextMap(system)).toBe(
    [
      'flowchart LR',
      '  _end[end]',
      '  _start[start]',
      '  _web-site([web-site])',
      '  _watcher([watcher])',
      '  _start -->|Begin<br/>Stop| _end',
      '  _web-site -->|Begin| _end',
      '  _end -.->|Ended| _watcher',
      '',
    ].join('\n'),
  )
})
