import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '../fault.ts'
import type { World } from '../world.ts'

/** Not a byte is left on the disk of Postgres. */
export const fillDisk: Fault = {
  name: 'disk of Postgres full',
  lane: 'postgres',
  lasts: [500, 6_000],
  impossible: ({ own }) => {
    if (own === undefined) return 'the servers are not the machine’s own'
    return 'why' in own.postgres.disk ? own.postgres.disk.why : undefined
  },
  inject: async ({ own }: World) => {
    const disk = own?.postgres.disk
    if (disk === undefined || 'why' in disk) throw new Error('There is no disk to fill')
    const ballast = join(disk.folder, 'ballast')
    await fill(ballast)
    return async () => {
      await rm(ballast)
      await own?.postgres.start()
    }
  },
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const size of [2 ** 20, 4_096]) {
      const zeros = Buffer.alloc(size)
      try {
        for (;;) await file.write(zeros)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    await file.close()
  }
}
