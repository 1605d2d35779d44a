import { lineAt, parse } from '../syntax.mjs'
import { codePattern, type SourceFile } from '../workspace.mjs'

const workToDo = /\b(TODO|FIXME|XXX|HACK)\b/
const machinePath = /(?<![\w.])\/(work|root|home\/\w+|Users\/\w+)\//
const internalHost =
  /\b[\w-]+\.(corp|lan|internal|intranet)\b(?<!host\.docker\.internal)|\b(10\.\d+|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d+\.\d+\b/

/** Comments and documents that promise work instead of doing it. */
export function promises(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const remarks = codePattern.test(file.path)
      ? parse(file).comments.map(({ value, start }) => ({ text: value, line: lineAt(file.text, start) }))
      : file.text.split('\n').map((text, i) => ({ text, line: i + 1 }))
    return remarks.flatMap(({ text, line }) => {
      const word = workToDo.exec(text.replaceAll(/`[^`]*`/g, ''))?.[0]
      return word === undefined ? [] : [`${file.path}:${line}: ${word}`]
    })
  })
}

/** Paths of somebody's machine and hosts of somebody's network. */
export function traces(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => {
      const trace = (machinePath.exec(line) ?? internalHost.exec(line))?.[0]
      return trace === undefined ? [] : [`${path}:${i + 1}: ${trace}`]
    }),
  )
}
