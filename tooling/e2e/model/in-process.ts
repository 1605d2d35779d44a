import * as allocation from '@posthorn/allocation'
import * as notifications from '@posthorn/notifications'
import { eventually } from '../../running-system/eventually.ts'
import { isReady, type ServiceOptions, type ServiceProcess } from '../../running-system/service-process.ts'

const starting = {
  allocation: async (env: NodeJS.ProcessEnv) => allocation.bootstrap(allocation.loadConfig(env)),
  notifications: async (env: NodeJS.ProcessEnv) => notifications.bootstrap(notifications.loadConfig(env)),
}

/** A service in this process: it starts in a fraction of the time, but cannot be killed. */
export function startInProcess({ name, port, env }: ServiceOptions): ServiceProcess {
  const service = starting[name as keyof typeof starting](env)
  const started = service.then((made) => made.start())
  let end: (code: number) => void = () => undefined
  const exited = new Promise<number>((resolve) => {
    end = resolve
  })
  let stopping: Promise<number> | undefined
  const stop = async () => {
    const code = await started.then(async () => ((await (await service).stop()).length === 0 ? 0 : 1))
    end(code)
    return code
  }
  const url = `http://127.0.0.1:${port}`
  return {
    name,
    url,
    pid: process.pid,
    output: () => '',
    exited,
    ready: async (deadline) => {
      await started
      await eventually(async () => (await isReady(url)) || undefined, `${name} to be ready`, deadline)
    },
    stop: () => (stopping ??= stop()),
    kill: (signal) => {
      throw new Error(`${signal} would end the test as well: ${name} runs in its process`)
    },
  }
}
