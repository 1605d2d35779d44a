import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CPU, contend } from '../../suite/contender.ts'
import { median } from '../../suite/statistics.ts'
import { unpackedSize } from './unpacked-size.ts'

const run = promisify(execFile)
const here = new URL('../../../', import.meta.url)

/** By argument, for names of candidates hold no slashes. */
const packages: Readonly<Record<string, string>> = {
  core: '@posthorn/core',
  rabbitmq: '@posthorn/rabbitmq',
  'uow-drizzle': '@posthorn/uow-drizzle',
  cqrs: '@nestjs/cqrs',
  emmett: '@event-driven-io/emmett',
  amqplib: 'amqplib',
  typeorm: 'typeorm',
  'mikro-orm': '@mikro-orm/postgresql',
}

await contend(async (_servers, argument) => {
  const name = packages[argument] ?? argument
  const { bytes, count } = await unpackedSize(name, new URL('package.json', here))
  const text = `
    const start = performance.now()
    const before = process.cpuUsage()
    await import('${name}')
    const { user, system } = process.cpuUsage(before)
    console.log(JSON.stringify({ time: performance.now() - start, processor: user + system }))`
  return {
    async round(size) {
      const imports: { readonly time: number; readonly processor: number }[] = []
      for (let index = 0; index < size; index++) {
        const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text], { cwd: here })
        imports.push(JSON.parse(stdout))
      }
      return {
        'import ms': median(imports.map(({ time }) => time)),
        'MB unpacked': bytes / 2 ** 20,
        packages: count,
        [CPU]: median(imports.map(({ processor }) => processor)),
      }
    },
  }
})
