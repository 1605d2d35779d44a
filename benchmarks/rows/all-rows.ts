import type { Row } from '../suite/row.ts'
import { row as internalBus } from './internal-bus/row.ts'
import { row as publishAndConsume } from './publish-and-consume/row.ts'

export const rows: readonly Row[] = [publishAndConsume, internalBus]
