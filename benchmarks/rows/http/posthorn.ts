import { readyAllocation } from '../../suite/allocation-service.ts'
import { contendServing } from './contend-serving.ts'

await contendServing(readyAllocation)
