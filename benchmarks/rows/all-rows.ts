import type { Row } from '../suite/row.ts'
import { row as calls64InFlight } from './calls-64-in-flight/row.ts'
import { row as callsOneAtATime } from './calls-one-at-a-time/row.ts'
import { row as consumer } from './consumer/row.ts'
import { row as publishAndConsume } from './publish-and-consume/row.ts'
import { row as relay } from './relay/row.ts'

export const rows: readonly Row[] = [publishAndConsume, callsOneAtATime, calls64InFlight, relay, consumer]
