import { createReadStream } from 'node:fs'
import { type CsvError, parse } from 'csv-parse'

/** One line of a CSV file, by column name, or what is wrong with it. Lines are numbered as an editor shows them. */
export type CsvLine =
  | { readonly line: number; readonly values: Readonly<Record<string, string>> }
  | { readonly line: number; readonly fault: string }

/**
 * Reads a CSV file with a header. A line that is no CSV, or has too few or too many fields, is told and the rest goes on.
 *
 * @throws {Error} a sentence, when the file cannot be read or its header lacks a column
 */
export async function readCsv(path: string, columns: readonly string[]): Promise<readonly CsvLine[]> {
  const lines: CsvLine[] = []
  let header: readonly string[] | undefined
  const parser = createReadStream(path).pipe(
    parse({
      bom: true,
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_skip: (error: CsvError | undefined) => {
        lines.push({
          line: Number(error?.['lines'] ?? 0),
          fault: 'is no CSV: a quote is not closed or stands in the wrong place',
        })
      },
    }),
  )
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>) {
      if (header === undefined) header = checkHeader(record, columns, path)
      else lines.push(toLine(header, record, info.lines))
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(code === 'ENOENT' ? `There is no file ${path}` : `Cannot read ${path}: ${message}`)
  }
  if (header === undefined) throw new Error(`${path} is empty; its first line must be ${columns.join(',')}`)
  return lines.sort((one, other) => one.line - other.line)
}

function checkHeader(record: readonly string[], columns: readonly string[], path: string): readonly string[] {
  const missing = columns.filter((column) => !record.includes(column))
  if (missing.length === 0) return record
  throw new Error(`${path} has no column ${missing.join(', ')}; its first line must be ${columns.join(',')}`)
}

function toLine(header: readonly string[], record: readonly string[], line: number): CsvLine {
  if (record.length !== header.length) {
    return { line, fault: `has ${record.length} fields where the header has ${header.length}` }
  }
  return { line, values: Object.fromEntries(header.map((column, index) => [column, record[index] ?? ''])) }
}
