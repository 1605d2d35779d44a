import { buildBenchmarks, buildWorkspace, installWorkspace } from './install.mjs'
import { isEnding } from './lifetime.mjs'
import { providePika } from './provide-pika.mjs'
import { providePostgres } from './provide-postgres.mjs'
import { provideRabbitMq } from './provide-rabbitmq.mjs'

/** @returns {Promise<boolean>} */
export function install() {
  return timed(installWorkspace(), (done) => `workspace: installed${done ? '' : ' already'}`)
}

/** @returns {Promise<void>} */
export function build() {
  return timed(buildWorkspace(), () => 'workspace: built')
}

/** @param {string} folder */
export function benchmarks(folder) {
  return timed(
    installWorkspace(folder).then(() => buildBenchmarks(folder)),
    () => 'benchmarks: ready',
  )
}

/** @param {import('./settings.mjs').Settings} settings */
export function postgres({ databaseUrl, postgres: only }) {
  const provided = providePostgres({ given: databaseUrl, only, log })
  return timed(provided, ({ version, source, url }) => `postgres ${version}: ${source}, ${hostOf(url)}`)
}

/** @param {import('./settings.mjs').Settings} settings */
export function rabbitMq({ broker, rabbitMq: only }) {
  return timed(provideRabbitMq({ given: broker, only, log }), (found) => {
    if (!found) return 'rabbitmq: none'
    const { version, source, amqpUrl, managementUrl } = found
    return `rabbitmq ${version}: ${source}, ${hostOf(amqpUrl)}, management ${hostOf(managementUrl)}`
  })
}

/** @param {import('./settings.mjs').Settings} settings */
export function pika({ python }) {
  return timed(providePika({ python, log }), (found) => `python for the tests: ${found}`)
}

/** Prints one line with the seconds that a phase took. */
async function timed(phase, tell) {
  const start = performance.now()
  const result = await phase
  log(`${tell(result)} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  return result
}

/** While the run is being ended, what its phases say is no news. */
function log(line) {
  if (!isEnding()) console.log(line)
}

/** Leaves out user and password. */
function hostOf(url) {
  return new URL(url).host
}
