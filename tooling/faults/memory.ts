import { readFileSync } from 'node:fs'
import type { Fleet } from './fleet.ts'

const INTERVAL = 2_000

/** The resident memory of the services' processes, in MiB, sampled until stopped; 0 where the system does not tell. */
export function watchMemory(fleet: Pick<Fleet, 'instances'>) {
  const now = () => fleet.instances.map(({ pid }) => residentMemory(pid))
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, ...now())
  }, INTERVAL)
  return { now, most: () => most, stop: () => clearInterval(timer) }
}

function residentMemory(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kib ?? 0) / 1_024)
  } catch {
    return 0
  }
}
