import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../../running-system/eventually.ts'
import { freePort } from '../../running-system/free-port.ts'
import { findProgram } from './find-program.ts'
import { type KillableProcess, runProgram, startKillable } from './killable-process.ts'

/** A RabbitMQ of our own, that may be killed and started again on its data. */
export interface RabbitMqNode {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly port: number
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** SIGKILL of the broker itself, or SIGTERM, with which it takes its leave; its data stay. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Starts it where it is not running, and waits until it serves. */
  start(): Promise<void>
  /** Calls a function of its own: `module function [arguments]`. `rabbitmqctl` takes seconds where this takes none. */
  call(what: string): Promise<void>
  stop(): Promise<void>
}

const FOLDERS = ['/usr/lib/rabbitmq/bin', '/opt/homebrew/sbin', '/usr/local/sbin']
const ERLANG = ['/usr/bin', '/opt/homebrew/bin', '/opt/homebrew/lib/erlang/bin', '/usr/local/lib/erlang/bin']
const NAME = 'faults@localhost'

/** @throws when this machine has no RabbitMQ */
export async function startRabbitMqNode(folder: string): Promise<RabbitMqNode> {
  const program = findProgram('rabbitmq-server', FOLDERS)
  const [epmd, erlCall] = [findProgram('epmd', ERLANG), findProgram('erl_call', ERLANG)]
  if (program === undefined || epmd === undefined || erlCall === undefined) {
    throw new Error('This machine has no rabbitmq-server; install it')
  }
  const home = join(folder, 'rabbitmq')
  const [port, management, dist, epmdPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const password = randomBytes(16).toString('hex')
  const env = await configure(home, { port, management, dist, epmdPort, password })
  // A node that finds no epmd starts one as a daemon, which nobody would end.
  const names = startKillable(epmd, ['-port', `${epmdPort}`, '-address', '127.0.0.1'], { env })
  const managementUrl = `http://faults:${password}@127.0.0.1:${management}`
  let server: KillableProcess | undefined

  const pid = async () => Number(await readFile(join(home, 'pid'), 'utf8'))
  const node: RabbitMqNode = {
    amqpUrl: `amqp://faults:${password}@127.0.0.1:${port}`,
    managementUrl,
    port,
    signal: (signal) => void pid().then((id) => process.kill(id, signal)),
    kill: async (signal = 'SIGKILL') => {
      process.kill(await pid(), signal)
      await eventually(() => server?.ended || undefined, 'the broker to be dead')
    },
    start: async () => {
      await eventually(
        async () => {
          if (server === undefined || server.ended) server = startKillable(program, [], { env, cwd: home })
          return (await serves(managementUrl)) || undefined
        },
        () => `RabbitMQ to serve; it said:\n${server?.output()}`,
        120_000,
      )
    },
    call: async (what) => {
      const answer = await runProgram(erlCall, ['-n', NAME, '-timeout', '60', '-a', what], { env })
      if (answer !== 'ok') throw new Error(`${what} answered ${answer}`)
    },
    stop: async () => {
      if (server !== undefined && !server.ended) process.kill(await pid(), 'SIGKILL')
      await server?.end('SIGKILL')
      await names.end('SIGKILL')
    },
  }
  await node.start()
  return node
}

interface Configuration {
  readonly port: number
  readonly management: number
  readonly dist: number
  readonly epmdPort: number
  readonly password: string
}

/** Writes what the node reads, and gives the environment that points it there. */
async function configure(home: string, options: Configuration): Promise<NodeJS.ProcessEnv> {
  const { port, management, dist, epmdPort, password } = options
  for (const name of ['', 'home', 'log', 'mnesia', 'generated', 'schema']) await mkdir(join(home, name))
  await writeFile(join(home, 'enabled_plugins'), '[rabbitmq_management,rabbitmq_consistent_hash_exchange].\n')
  await writeFile(
    join(home, 'rabbitmq.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${management}
default_user = faults
default_pass = ${password}
default_user_tags.administrator = true
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
max_message_size = 1048576
log.console = false
log.file = rabbit.log
`,
    { mode: 0o600 },
  )
  return {
    PATH: process.env.PATH,
    LC_ALL: 'C.UTF-8',
    HOME: join(home, 'home'),
    RABBITMQ_NODENAME: NAME,
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(home, 'generated'),
    RABBITMQ_SCHEMA_DIR: join(home, 'schema'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_DIST_PORT: `${dist}`,
    ERL_EPMD_PORT: `${epmdPort}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  }
}

/** The listeners open last; the management API tells of all of them. */
async function serves(managementUrl: string): Promise<boolean> {
  const { origin, username, password } = new URL(managementUrl)
  try {
    const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}` }
    const response = await fetch(`${origin}/api/health/checks/protocol-listener/amqp`, {
      headers,
      signal: AbortSignal.timeout(2_000),
    })
    return response.ok
  } catch {
    return false
  }
}
