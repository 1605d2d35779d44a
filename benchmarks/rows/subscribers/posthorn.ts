import { CPU, contend } from '../../suite/contender.ts'
import { processorTime } from '../../suite/processor-time.ts'
import { windowed } from '../../suite/window.ts'
import { FULL } from './full.ts'
import { openShop, type Shop } from './shop.ts'

/** `argument`: how many subscribers there are. */
await contend(async (servers, argument) => {
  let shop: Shop | undefined
  return {
    async round(size) {
      shop ??= await openShop(servers, Math.ceil((Number(argument) * size) / FULL))
      const { publish, purge } = shop
      const start = performance.now()
      const cpu = await processorTime(() => windowed(size, 256, publish))
      const seconds = (performance.now() - start) / 1_000
      const counts = await purge()
      if (counts.some((count) => count !== size)) throw new Error(`Of ${size} there are ${counts.join()}`)
      return { [CPU]: cpu / size, 'events/s': size / seconds }
    },
    async close() {
      await shop?.close()
    },
  }
})
