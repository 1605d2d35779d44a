import { register } from 'node:module'

/** To be imported first, by a process that is to run on a mutant. */
register('./mutating-hooks.js', import.meta.url, { data: { name: process.env.POSTHORN_MUTANT } })
