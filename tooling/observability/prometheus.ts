import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../faults/servers/find-program.ts'
import { runProgram, startKillable } from '../faults/servers/killable-process.ts'
import { eventually } from '../running-system/eventually.ts'
import { freePort } from '../running-system/free-port.ts'

/** A Prometheus of this machine, or of its Debian, that scrapes services every second. */
export interface Prometheus {
  /** How many series a query gives now. @throws when Prometheus does not understand it */
  count(query: string): Promise<number>
  stop(): Promise<void>
}

/** @param targets the services' URLs by their names, which become `job` */
export async function startPrometheus(targets: Readonly<Record<string, string>>): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-prometheus-'))
  const program = findProgram('prometheus') ?? (await unpacked(folder))
  const jobs = Object.entries(targets).map(([job, url]) => ({
    job_name: job,
    static_configs: [{ targets: [new URL(url).host] }],
  }))
  const config = join(folder, 'prometheus.yml')
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: jobs }))
  const address = `127.0.0.1:${await freePort()}`
  const server = startKillable(program, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ])
  const count = async (query: string) => {
    const response = await fetch(`http://${address}/api/v1/query?${new URLSearchParams({ query })}`)
    const { data, error } = (await response.json()) as Answer
    if (data === undefined) throw new Error(`${query}: ${error}`)
    return data.result.length
  }
  const stop = async () => {
    await server.end('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  const scraped = async () => (await count('up == 1').catch(() => 0)) === jobs.length || undefined
  try {
    await eventually(scraped, () => `Prometheus to scrape; it said:\n${server.output()}`, 30_000)
  } catch (error) {
    await stop()
    throw error
  }
  return { count, stop }
}

interface Answer {
  readonly data?: { readonly result: readonly unknown[] }
  readonly error?: string
}

/** Nothing is installed: Debian's package is unpacked for this run. */
async function unpacked(folder: string): Promise<string> {
  await runProgram('apt-get', ['download', 'prometheus'], { cwd: folder })
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'))
  if (file === undefined) throw new Error('There is no Prometheus on this machine, nor in its Debian')
  await runProgram('dpkg-deb', ['--extract', file, 'debian'], { cwd: folder })
  return join(folder, 'debian/usr/bin/prometheus')
}
