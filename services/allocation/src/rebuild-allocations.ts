import { allocation } from '@posthorn/contracts'
import { bootstrap } from './bootstrap.ts'
import { loadConfig } from './config.ts'

/** Makes the view of allocations anew, beside running services or without them. Gives the number of lines. */
export async function rebuildAllocations(): Promise<number> {
  const service = await bootstrap(loadConfig())
  await service.bus.start()
  try {
    const { lines } = await service.bus.handle(allocation.commands.RebuildAllocations({}))
    return lines
  } finally {
    await service.stop()
  }
}
