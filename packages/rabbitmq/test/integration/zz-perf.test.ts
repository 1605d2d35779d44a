import { test } from 'vitest'
import { provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { frame, openLink } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'
test('perf', { timeout: 120_000 }, async () => {
  const system = await provisionedSystem(shopSystem)
  for (let round = 0; round < 4; round++) for (const cork of ["x"]) for (const width of [1, 16, 128]) {
    process.env.CORK = cork
    const billing = await openLink(system, 'billing', 'billing'); const shipping = await openLink(system, 'shipping', 'billing')
    let got = 0
    await shipping.link.consume('shipping.q.events', { prefetch: 100 }, (m) => { got++; m.ack() })
    const total = width === 1 ? 500 : width === 16 ? 3000 : 8000
    let n = 0
    const worker = async () => { while (n < total) { n++; await billing.link.publish(frame('x.events', 'evt.Charged', '{"orderId":"12345"}'), 20_000) } }
    const t = performance.now(); const c = process.cpuUsage()
    await Promise.all(Array.from({ length: width }, worker))
    const wall = performance.now() - t
    while (got < total) await new Promise((r) => setTimeout(r, 1))
    const cpu = process.cpuUsage(c)
    if (round > 0) console.log(`R cork=${cork} width=${width} ${(total / wall * 1000).toFixed(0)}/s cpu ${((cpu.user + cpu.system) / total).toFixed(1)} us/msg`)
    await billing.link.close(1000); await shipping.link.close(1000)
  }
  await system.dispose()
})
