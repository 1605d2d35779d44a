import { contendRaw } from './raw-contender.ts'

await contendRaw({})
