import { runSeeds } from '../run-seeds.ts'

const { failure } = await runSeeds({ seeds: Number(process.argv[2]), shrink: 0 })
console.log(JSON.stringify(failure && { seeds: failure.seedsBefore + 1, invariant: failure.invariant }))
process.exit(0)
