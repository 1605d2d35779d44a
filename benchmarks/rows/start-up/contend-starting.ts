import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceProcess } from '@posthorn/tooling/dist/running-system/service-process.js'
import { CPU, contend, type Servers } from '../../suite/contender.ts'
import { processorTimeOf, residentMemoryOf } from '../../suite/other-process.ts'
import { median } from '../../suite/statistics.ts'

/** How to start the process, again and again, and where it says that it is ready. */
export interface Starting {
  start(): ServiceProcess
  readonly path: string
}

/** From its start until memory is looked at, in ms, and how often it is asked meanwhile. */
const IDLE = 2_000
const INTERVAL = 5

/** Makes this process a contender of the row: it starts others. */
export async function contendStarting(prepare: (servers: Servers) => Promise<Starting>): Promise<void> {
  await contend(async (servers) => {
    const { start, path } = await prepare(servers)
    const once = async () => {
      const begin = performance.now()
      const process = start()
      try {
        const found = await Promise.race([answering(`${process.url}${path}`), process.exited])
        if (found !== true) throw new Error(`It ended before it was ready: ${process.output()}`)
        const ready = performance.now() - begin
        const processor = processorTimeOf(process.pid)
        await delay(IDLE)
        return { ready, processor, memory: residentMemoryOf(process.pid) }
      } finally {
        await process.stop()
      }
    }
    return {
      async round(size) {
        const starts: Awaited<ReturnType<typeof once>>[] = []
        for (let count = 0; count < size; count++) starts.push(await once())
        return {
          'ms to ready': median(starts.map(({ ready }) => ready)),
          'MB idle': median(starts.map(({ memory }) => memory)),
          [CPU]: median(starts.map(({ processor }) => processor)),
        }
      },
    }
  })
}

/** True once a GET is answered with 200. */
async function answering(url: string): Promise<true> {
  for (;;) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return true
    await delay(INTERVAL)
  }
}
