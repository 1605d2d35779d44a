import { say } from '../failpoint.ts'
import { startBooks } from './books.ts'
import { startDesk } from './desk.ts'
import { startKiosk } from './kiosk.ts'
import { partsFor } from './parts.ts'
import type { WorkerOrders } from './worker-process.ts'

/*
 * One or more roles in a process of their own, which is killed at one step, or lives until it is told to stop or whoever
 * started it has gone.
 */

const START = { desk: startDesk, books: startBooks, kiosk: startKiosk }

const orders = JSON.parse(process.argv[2] ?? '') as WorkerOrders
const toldToStop = new Promise((resolve) => {
  process.once('SIGTERM', resolve)
  process.stdin.resume().once('end', resolve)
})
const parts = partsFor(orders)
const running = await Promise.all(orders.roles.map((role) => START[role](parts)))
say('ready')
await toldToStop
await Promise.all(running.map((role) => role.stop()))
process.exit(0)
