// Prints what the official parser has against each of these AsyncAPI documents, as JSON: a list for each, empty if valid.
// A process of its own: the parser's dependencies do not load under the export conditions with which tests run.
import { readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'

const parser = new Parser()
const faults = []
for (const path of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(await readFile(path, 'utf8'), { source: path })
  const serious = diagnostics
    .filter(({ severity }) => severity <= 1)
    .map((one) => `${one.path.join('.')}: ${one.message}`)
  if (document === undefined && serious.length === 0) serious.push('is no AsyncAPI document')
  faults.push(serious)
}
console.log(JSON.stringify(faults))
