import { lineAt, literalText, visit } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'

const runners = ['test', 'it', 'describe', 'suite', 'bench']
const silencers = ['only', 'skip', 'todo', 'skipIf', 'runIf', 'fails']
const kinds = [
  /^(packages|services)\/[^/]+\/test\/(unit|contract|integration)\/.+\.test\.ts$/,
  /^services\/[^/]+\/test\/e2e\/.+\.test\.ts$/,
  /^examples\/[^/]+\.test\.ts$/,
  /^tooling\/(checks\/.+|e2e\/.+|[^/]+\/test\/unit\/.+)\.test\.ts$/,
]

/** Tests that are left out, or leave all others out. */
export function silencedTests(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const findings: string[] = []
    visit(file, {
      MemberExpression: ({ object, property, start }) => {
        if (object.type !== 'Identifier' || property.type !== 'Identifier') return
        if (!runners.includes(object.name) || !silencers.includes(property.name)) return
        findings.push(`${file.path}:${lineAt(file.text, start)}: ${object.name}.${property.name}`)
      },
    })
    return findings
  })
}

/** Test files that no vitest project would run. */
export function orphanTests(paths: readonly string[]): string[] {
  return paths.filter(
    (path) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(path) && !kinds.some((kind) => kind.test(path)),
  )
}

/** What tests are called in a file: a title with `${…}` or `%s` is a pattern that fits any text there. */
export function testTitles(file: SourceFile): RegExp[] {
  const titles: RegExp[] = []
  visit(file, {
    CallExpression: ({ arguments: [title, body] }) => {
      if (body === undefined || title === undefined) return
      const literal = literalText(title as Parameters<typeof literalText>[0])
      if (literal !== undefined) titles.push(titlePattern(literal.split(/%[sdifjo#$]|\$[a-z]\w*/)))
      else if (title.type === 'TemplateLiteral')
        titles.push(titlePattern(title.quasis.map(({ value }) => value.raw)))
    },
  })
  return titles
}

function titlePattern(parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+')}$`)
}
