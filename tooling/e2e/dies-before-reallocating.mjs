// The allocation service, killed the moment it is about to handle the event that a quantity change has just committed.
import { bootstrap, loadConfig } from '@posthorn/allocation'

const service = await bootstrap(loadConfig(), {
  middleware: [
    (call, next) => {
      if (call.message.type === 'allocation.AllocationRequired') process.kill(process.pid, 'SIGKILL')
      return next()
    },
  ],
})
await service.start()
