import { readFileSync } from 'node:fs'

/** Of another process, in µs so far: what the processor has spent on it. Linux only; elsewhere not a number. */
export function processorTimeOf(pid: number): number {
  const stat = readProc(pid, 'stat')
  // After the name, which may hold blanks: user and system time are the 12th and 13th, in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Of another process: what it holds in memory now, in MB. Linux only; elsewhere not a number. */
export function residentMemoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status'))?.[1]) / 1_024
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
