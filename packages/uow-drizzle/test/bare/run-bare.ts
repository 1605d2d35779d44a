import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface BareRun {
  readonly exitCode: number
  readonly stderr: string
  /** What the hazard came to; undefined when the process did not live to tell. */
  readonly outcome: unknown
}

/** Shows a hazard on postgres.js as it is, in a process of its own. */
export async function runBare(
  hazard: string,
  url: string,
  env: Record<string, string> = {},
): Promise<BareRun> {
  const script = fileURLToPath(new URL('./bare-postgres-js.mjs', import.meta.url))
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 15_000 }
    execFile(process.execPath, [script, hazard, url], options, (error, stdout, stderr) => {
      const outcome = stdout.trim() === '' ? undefined : JSON.parse(stdout)
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stderr, outcome })
    })
  })
}
