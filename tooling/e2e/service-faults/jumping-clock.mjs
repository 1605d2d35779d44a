// Preloaded into a service: its wall clock jumps by an hour, forth and back, all the time. What is monotonic goes on.
const JUMPS = [0, 3_600_000, 0, -3_600_000]
const RealDate = Date
let jumps = 0

setInterval(() => {
  jumps += 1
}, 100).unref()

const now = () => RealDate.now() + (JUMPS[jumps % JUMPS.length] ?? 0)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, type) => Reflect.construct(target, given.length === 0 ? [now()] : given, type),
  apply: () => String(new RealDate(now())),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
