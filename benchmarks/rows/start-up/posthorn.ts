import { freePort } from '@posthorn/tooling/dist/running-system/free-port.js'
import {
  createAllocationTables,
  provisionAllocation,
  startAllocation,
} from '../../suite/allocation-service.ts'
import { contendStarting } from './contend-starting.ts'

await contendStarting(async (servers) => {
  await createAllocationTables(servers)
  const broker = await provisionAllocation(servers)
  const port = await freePort()
  return {
    start: () => startAllocation(servers, broker.urlFor('allocation'), port),
    path: '/health/ready',
  }
})
