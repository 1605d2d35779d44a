import { allMutants } from './all-mutants.ts'
import { catchMutant } from './catch-mutant.ts'

const [seeds = '10000', only] = process.argv.slice(2)
let missed = 0
for (const mutant of allMutants.filter(({ name }) => only === undefined || name.includes(only))) {
  const { name } = mutant
  const caught = await catchMutant(mutant, Number(seeds))
  if (caught === null) missed += 1
  console.log(
    `${name.padEnd(48)} ${caught === null ? 'NOT CAUGHT' : `seed ${caught.seeds}: ${caught.invariant}`}`,
  )
}
process.exit(missed === 0 ? 0 : 1)
