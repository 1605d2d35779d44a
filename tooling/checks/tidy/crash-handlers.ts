import { lineAt, literalText, visit } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'

/** Code that runs where nobody of ours watches: in users' processes, and in the services. */
const SHIPPED = /^(packages|services)\/[^/]+\/src\/|^examples\//

/** Of what a simulated process leaves unhandled, the simulation tells: it breaks the seed. */
const TOLD = 'packages/core/src/simulation/real-world.ts'

const EVENTS: ReadonlySet<string> = new Set(['uncaughtException', 'unhandledRejection'])
const MODULES: ReadonlySet<string> = new Set(['domain', 'node:domain'])
const CAPTURE = 'setUncaughtExceptionCaptureCallback'

/** Where shipped code would hear of an error that nobody handled, and so keep it from ending the process. */
export function crashHandlers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => SHIPPED.test(path) && path !== TOLD)
    .flatMap((file) => {
      const findings: string[] = []
      const found = (what: string, start: number) =>
        findings.push(`${file.path}:${lineAt(file.text, start)}: ${what}`)
      visit(file, {
        Literal: (node) => {
          const text = literalText(node)
          if (text !== undefined && EVENTS.has(text)) found(text, node.start)
        },
        Identifier: ({ name, start }) => {
          if (name === CAPTURE) found(name, start)
        },
        ImportDeclaration: ({ source, start }) => {
          if (MODULES.has(source.value)) found(source.value, start)
        },
      })
      return findings
    })
}
