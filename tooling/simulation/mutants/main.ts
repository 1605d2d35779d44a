import { allMutants } from './all-mutants.ts'
import { catchMutant } from './catch-mutant.ts'

const [seeds = '10000', only] = process.argv.slice(2)
let missed = 0
for (const { name } of allMutants.filter((mutant) => only === undefined || mutant.name.includes(only))) {
  const caught = await catchMutant(name, Number(seeds))
  if (caught === null) missed += 1
  console.log(
    `${name.padEnd(48)} ${caught === null ? 'NOT CAUGHT' : `seed ${caught.seeds}: ${caught.invariant}`}`,
  )
}
process.exit(missed === 0 ? 0 : 1)
