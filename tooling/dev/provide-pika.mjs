import { existsSync } from 'node:fs'
import { canUseApt, installDebianPackage } from './apt.mjs'
import { Failure } from './failure.mjs'
import { run } from './processes.mjs'

const DEBIAN_PYTHON = '/usr/bin/python3'

/**
 * Sees to it that a Python has pika, the AMQP client with which the tests speak our wire format from outside.
 * @param {{ python?: string, log: (line: string) => void }} options
 * @returns {Promise<string>} the Python; where pika could not be had, this has been logged and its test will fail
 */
export async function providePika({ python = DEBIAN_PYTHON, log }) {
  if (await hasPika(python)) return python
  if (python !== DEBIAN_PYTHON || !canUseApt()) {
    log(`${python} has no pika (Debian: python3-pika), so the test that needs it will fail`)
    return python
  }
  await installDebianPackage('python3-pika', log).catch((error) => {
    if (!(error instanceof Failure)) throw error
    log(`pika could not be had, so the test that needs it will fail: ${error.message}`)
  })
  return python
}

async function hasPika(python) {
  if (!existsSync(python)) return false
  const { ok } = await run(python, ['-c', 'import pika'], { deadlineMs: 20_000 })
  return ok
}
