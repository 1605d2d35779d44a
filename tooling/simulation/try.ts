import { Run, allFaults, planFaults, replaceGlobals, standardInvariants } from '@posthorn/core/simulation'
import { servicesWorld } from './services-world.ts'
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 100), verbose = process.argv[4] === 'v'
replaceGlobals()
const started = performance.now()
let steps = 0, bad = 0
for (let seed = from; seed < from + n; seed++) {
  const o = await new Run(servicesWorld, seed, standardInvariants, process.env.CALM ? [] : planFaults(seed, allFaults)).run()
  steps += o.steps
  if (verbose) for (const s of o.trace.steps) console.log(s.time.toFixed(1).padStart(10), s.from, s.from === s.to ? '' : `→ ${s.to}`, ':', s.what)
  if (o.violation) { bad++; console.log(seed, o.violation, o.steps, o.time) }
  if (n < 10) console.log(seed, o.trace.hash, o.steps, o.time, o.draws, o.trace.steps.length)
}
const ms = performance.now() - started
console.log(`${n} seeds, ${bad} bad, ${steps / n} steps/seed, ${ms / n} ms/seed`)
