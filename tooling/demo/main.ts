import { join } from 'node:path'
import { redactUrl } from '@posthorn/rabbitmq'
import { projectRoot } from '../running-system/project-root.ts'
import { allocationClient } from './allocation-client.ts'
import { readDemoFiles } from './demo-files.ts'
import type { DemoServices } from './demo-services.ts'
import { startDemoSystem } from './demo-system.ts'
import { bold, dim, say } from './narration.ts'
import { type DemoOptions, readOptions } from './options.ts'
import { filesScenario, type Scenario, sampleScenario } from './scenario.ts'
import { tellMails } from './tell-mails.ts'

/** The demo: starts the system on the servers that it is given, plays a scenario, and stays up until it is ended. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const scenario = await scenarioOf(options)
  const running = await startDemoSystem(options, process.env)
  try {
    introduce(running)
    const failed = running.failed.then((reason) => Promise.reject(new Error(reason)))
    failed.catch(() => undefined)
    const story = play(scenario, running).then(() => 'played' as const)
    if ((await Promise.race([story, ended, failed])) !== 'played') return 0
    if (options.once) return 0
    say(
      `\n${bold('Everything is still running.')} Try GET ${running.allocationUrl}/products/BRASS-LAMP, or Ctrl-C to end.`,
    )
    await Promise.race([ended, failed])
    return 0
  } finally {
    await running.stop()
    say(dim('Stopped; nothing is left behind.'))
  }
}

function introduce(running: DemoServices): void {
  say(`\n  allocation     ${running.allocationUrl}   (API: /docs)`)
  say(`  notifications  ${running.notificationsUrl}   (API: /docs)`)
  say(
    `  broker         ${running.brokerUrl === undefined ? 'none: both services share one process and a bus in memory' : redactUrl(running.brokerUrl)}`,
  )
  say(`  database       ${redactUrl(running.databaseUrl)}`)
  if (running.credentialsPath !== undefined) say(`  credentials    ${running.credentialsPath}`)
  say('ready')
}

/** Reads its files before anything is started. */
async function scenarioOf({ files }: DemoOptions): Promise<Scenario> {
  if (files !== undefined) return filesScenario(await readDemoFiles(files))
  const data = join(projectRoot, 'tooling/demo/data')
  return sampleScenario(
    await readDemoFiles({ batches: join(data, 'batches.csv'), orders: join(data, 'orders.csv') }),
  )
}

async function play(scenario: Scenario, running: DemoServices): Promise<void> {
  await scenario(allocationClient(running.allocationUrl), running.mail)
  tellMails(running.mail.mails)
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    say(`\n${error.message}`)
    process.exit(1)
  },
)
