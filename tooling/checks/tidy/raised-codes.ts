import { lineAt, literalText, parse, visit } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'

type Expression = Parameters<typeof literalText>[0]

interface Raised {
  readonly code: string
  readonly package: string
  readonly at: string
}

interface Findings {
  readonly codes: readonly Raised[]
  /** Places where the code is no literal, so that nobody could look it up. */
  readonly computed: readonly string[]
}

/**
 * Every code that the packages give to `PosthornError`: with `new`, with `super` in a direct subclass, or through a
 * function that passes its own first parameter on as the code (which then must be a literal where that is called).
 * The code of another error (`error.code`) is nothing new.
 */
export function raisedCodes(sources: readonly SourceFile[]): Findings {
  const factories = factoriesOf(sources)
  const codes: Raised[] = []
  const computed: string[] = []
  for (const file of sources)
    eachRaise(file, factoriesIn(file, factories), (argument, start, enclosing) => {
      const at = `${file.path}:${lineAt(file.text, start)}`
      const found = literals(argument)
      for (const code of found ?? []) codes.push({ code, package: file.path.split('/')[1] ?? '', at })
      const passedOn = enclosing.some(
        ({ name, parameter }) => parameter === nameOf(argument) && name !== undefined,
      )
      if (found === undefined && !passedOn && !isCodeOfAnother(argument)) computed.push(at)
    })
  return { codes, computed }
}

interface Enclosing {
  readonly name: string | undefined
  readonly parameter: string | undefined
}

/** For each file the functions in it that pass their first parameter on as a code, to the error or to each other. */
function factoriesOf(sources: readonly SourceFile[]): Map<string, Set<string>> {
  const found = new Map(sources.map(({ path }) => [path, new Set<string>()]))
  const count = () => [...found.values()].reduce((sum, { size }) => sum + size, 0)
  for (let before = -1; before < count(); ) {
    before = count()
    for (const file of sources)
      eachRaise(file, factoriesIn(file, found), (argument, _start, enclosing) => {
        for (const name of passers(argument, enclosing)) found.get(file.path)?.add(name)
      })
  }
  return found
}

/** The functions around a place whose first parameter is what stands there as the code. */
function passers(argument: Expression, enclosing: readonly Enclosing[]): string[] {
  const parameter = nameOf(argument)
  if (parameter === undefined) return []
  return enclosing.flatMap((one) => (one.parameter === parameter && one.name !== undefined ? [one.name] : []))
}

/** Those of its own, and those that it imports by their names. */
function factoriesIn(file: SourceFile, factories: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const everywhere = new Set([...factories.values()].flatMap((names) => [...names]))
  const imported = parse(file).module.staticImports.flatMap(({ entries }) =>
    entries.map((entry) => entry.localName.value),
  )
  return new Set([...(factories.get(file.path) ?? []), ...imported.filter((name) => everywhere.has(name))])
}

type Raise = (code: Expression, start: number, enclosing: readonly Enclosing[]) => void

/** Calls `raise` for each place in a file that gives a code, with the functions around it. */
function eachRaise(file: SourceFile, factories: ReadonlySet<string>, raise: Raise): void {
  const functions: Enclosing[] = []
  const subclasses: boolean[] = []
  let named: string | undefined
  const enter = (node: { id?: Expression; params: readonly unknown[] }) => {
    functions.push({ name: nameOf(node.id) ?? named, parameter: nameOf(node.params[0] as Expression) })
    named = undefined
  }
  const leave = () => functions.pop()
  const enterClass = (node: { superClass: Expression }) =>
    subclasses.push(nameOf(node.superClass) === 'PosthornError')
  const leaveClass = () => subclasses.pop()
  visit(file, {
    MethodDefinition: ({ key }) => {
      named = nameOf(key)
    },
    VariableDeclarator: ({ id, init }) => {
      if (init?.type === 'ArrowFunctionExpression') named = nameOf(id as Expression)
    },
    FunctionDeclaration: enter,
    FunctionExpression: enter,
    ArrowFunctionExpression: enter,
    'FunctionDeclaration:exit': leave,
    'FunctionExpression:exit': leave,
    'ArrowFunctionExpression:exit': leave,
    ClassDeclaration: enterClass,
    ClassExpression: enterClass,
    'ClassDeclaration:exit': leaveClass,
    'ClassExpression:exit': leaveClass,
    NewExpression: ({ callee, arguments: [code], start }) => {
      if (nameOf(callee) === 'PosthornError') raise(code as Expression, start, functions)
    },
    CallExpression: ({ callee, arguments: [code], start }) => {
      const name = nameOf(callee.type === 'MemberExpression' ? callee.property : callee)
      const isSuper = callee.type === 'Super' && subclasses.at(-1) === true
      if (isSuper || (name !== undefined && factories.has(name))) raise(code as Expression, start, functions)
    },
  })
}

function nameOf(node: Expression): string | undefined {
  return node?.type === 'Identifier' || node?.type === 'PrivateIdentifier' ? node.name : undefined
}

function isCodeOfAnother(node: Expression): boolean {
  return node?.type === 'MemberExpression' && nameOf(node.property) === 'code'
}

function literals(node: Expression): string[] | undefined {
  if (node?.type === 'ConditionalExpression') {
    const [yes, no] = [literals(node.consequent), literals(node.alternate)]
    return yes && no && [...yes, ...no]
  }
  const text = literalText(node)
  return text === undefined ? undefined : [text]
}
