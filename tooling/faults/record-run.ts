import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from '../running-system/project-root.ts'
import { withRuns } from './fault-report.ts'
import { type RecordedRun, recordOf } from './recorded-run.ts'
import type { Report } from './report.ts'
import { runProgram } from './servers/killable-process.ts'
import type { Verdict } from './verdict.ts'

const FOLDER = join(projectRoot, 'docs', 'reference')
const RUNS = join(FOLDER, 'fault-runs.jsonl')
const PAGE = join(FOLDER, 'fault-report.md')

/** Notes a run, whatever its verdict, and writes the page's tables anew. */
export async function recordRun(report: Report, verdict: Verdict): Promise<void> {
  const line: RecordedRun = recordOf(report, verdict, await currentCommit())
  await appendFile(RUNS, `${JSON.stringify(line)}\n`)
  await writeFile(PAGE, withRuns(await readFile(PAGE, 'utf8'), await readFile(RUNS, 'utf8')))
}

async function currentCommit(): Promise<string> {
  const git = (...args: readonly string[]) => runProgram('git', args, { cwd: projectRoot })
  try {
    const commit = (await git('rev-parse', '--short', 'HEAD')).trim()
    const changed = await git('status', '--porcelain', '--', '.', ':!docs/reference/fault-*')
    return changed === '' ? commit : `${commit}+`
  } catch {
    return 'unknown'
  }
}
