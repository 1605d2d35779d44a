import type { Row } from '../suite/row.ts'
import { row as calls64InFlight } from './calls-64-in-flight/row.ts'
import { row as callsOneAtATime } from './calls-one-at-a-time/row.ts'
import { row as consumer } from './consumer/row.ts'
import { row as http } from './http/row.ts'
import { row as internalBus } from './internal-bus/row.ts'
import { row as outboxBacklog } from './outbox-backlog/row.ts'
import { row as packages } from './packages/row.ts'
import { row as publishAndConsume } from './publish-and-consume/row.ts'
import { row as relay } from './relay/row.ts'
import { row as startUp } from './start-up/row.ts'
import { row as storedLines } from './stored-lines/row.ts'
import { row as subscribers } from './subscribers/row.ts'
import { row as unitOfWork } from './unit-of-work/row.ts'

export const rows: readonly Row[] = [
  publishAndConsume,
  callsOneAtATime,
  calls64InFlight,
  internalBus,
  unitOfWork,
  relay,
  consumer,
  http,
  startUp,
  packages,
  storedLines,
  outboxBacklog,
  subscribers,
]
