import { runSeeds, type WorldName } from '../run-seeds.ts'

const [world, seeds] = process.argv.slice(2)
const { failures } = await runSeeds({ seeds: Number(seeds), shrink: 0 }, world as WorldName)
const [failure] = failures
console.log(JSON.stringify(failure ? { seeds: failure.seedsBefore + 1, invariant: failure.invariant } : null))
process.exit(0)
