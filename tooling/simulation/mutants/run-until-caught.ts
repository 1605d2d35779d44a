import { runSeeds } from '../run-seeds.ts'

const { failures } = await runSeeds({ seeds: Number(process.argv[2]), shrink: 0 })
const [failure] = failures
console.log(JSON.stringify(failure ? { seeds: failure.seedsBefore + 1, invariant: failure.invariant } : null))
process.exit(0)
