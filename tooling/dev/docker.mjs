import { randomBytes } from 'node:crypto'
import { findProgram } from './find-program.mjs'
import { hold } from './lifetime.mjs'
import { run, runOrFail } from './processes.mjs'

/**
 * Whether a Docker engine answers.
 * @returns {Promise<boolean>}
 */
export async function dockerAnswers() {
  if (!findProgram('docker')) return false
  const asked = run('docker', ['version', '--format', '{{.Server.Version}}'], { deadlineMs: 5_000 })
  return asked.then(({ ok }) => ok).catch(() => false)
}

/**
 * Starts a container that goes with the run.
 * @param {object} container
 * @param {string} container.image
 * @param {Record<number, number>} container.ports from the port on loopback to the container's
 * @param {Record<string, string>} container.environment kept off the command line
 * @param {string[]} [container.command]
 * @param {(line: string) => void} log
 * @returns {Promise<{ name: string, end(): Promise<void> }>}
 */
export async function startContainer({ image, ports, environment, command = [] }, log) {
  const name = `posthorn-${image.split(':')[0]}-${randomBytes(4).toString('hex')}`
  const published = Object.entries(ports).flatMap(([here, there]) => [
    '--publish',
    `127.0.0.1:${here}:${there}`,
  ])
  const passed = Object.keys(environment).flatMap((variable) => ['--env', variable])
  log(`starting ${image} with Docker (the image is pulled where it is missing)`)
  const { end } = hold({ kind: 'container', name })
  await runOrFail(
    'docker',
    ['run', '--detach', '--rm', '--name', name, ...published, ...passed, image, ...command],
    {
      what: `docker run ${image}`,
      env: { ...process.env, ...environment },
      deadlineMs: 300_000,
    },
  ).catch(async (error) => {
    await end()
    throw error
  })
  return { name, end }
}
