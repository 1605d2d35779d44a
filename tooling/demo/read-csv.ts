import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'

/** Which columns a file must have, and which it may have. */
export interface CsvColumns {
  readonly required: readonly string[]
  readonly optional?: readonly string[]
}

/** One line of a CSV file, by column name. Lines are numbered as an editor shows them. */
export interface CsvLine {
  readonly line: number
  readonly values: Readonly<Record<string, string>>
}

export interface CsvFile {
  readonly lines: readonly CsvLine[]
  /** What is wrong with the other lines, each with its file and line. */
  readonly faults: readonly string[]
}

const LONGEST_RECORD = 100_000

/**
 * Reads a CSV file with a header, in UTF-8. A line with too few or too many fields is told and left out.
 *
 * @throws {Error} a sentence with file, line and column, when the file cannot be read, is no CSV, or its header is wrong:
 * then nothing in it can be relied upon
 */
export async function readCsv(path: string, columns: CsvColumns): Promise<CsvFile> {
  const [header, ...records] = parsed(path, await textOf(path))
  if (header === undefined)
    throw new Error(`${path} is empty; its first line must be ${columns.required.join(',')}`)
  checkHeader(header.record, columns, `${path}, line ${header.info.lines}`)
  const isComplete = ({ record }: CsvRecord) => record.length === header.record.length
  return {
    lines: records.filter(isComplete).map(({ record, info }) => ({
      line: info.lines,
      values: Object.fromEntries(header.record.map((column, index) => [column, record[index] ?? ''])),
    })),
    faults: records
      .filter((record) => !isComplete(record))
      .map(
        ({ record, info }) =>
          `${path}, line ${info.lines}: has ${record.length} fields where the header has ${header.record.length}`,
      ),
  }
}

async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'ENOENT' ? `There is no file ${path}` : `Cannot read ${path}: ${error.message}`,
    )
  })
  if (isUtf8(bytes)) return bytes.toString().replace(/^\uFEFF/, '')
  const line = 1 + linesOf(bytes).findIndex((text) => !isUtf8(text))
  throw new Error(`${path}, line ${line} is not in UTF-8; save the file in this encoding`)
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let start = 0; start <= bytes.length; ) {
    const feed = bytes.indexOf('\n', start)
    const end = feed < 0 ? bytes.length : feed
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}

interface CsvRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number }
}

function parsed(path: string, text: string): CsvRecord[] {
  try {
    return parse(text, {
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: LONGEST_RECORD,
    }) as unknown as CsvRecord[]
  } catch (error) {
    const { code, lines, column } = error as { code?: string; lines?: number; column?: number }
    const place = `${path}, line ${lines}, column ${Number(column) + 1}`
    if (code === 'CSV_QUOTE_NOT_CLOSED') {
      throw new Error(`${place}: the file ends before a quote is closed`)
    }
    if (code === 'CSV_MAX_RECORD_SIZE') {
      throw new Error(
        `${place}: the line is longer than ${LONGEST_RECORD} characters, or a quote is not closed`,
      )
    }
    throw new Error(`${place}: a quote stands in the wrong place`)
  }
}

function checkHeader(header: readonly string[], columns: CsvColumns, place: string): void {
  const { required, optional = [] } = columns
  const known = [...required, ...optional]
  const rule = `the columns must be ${required.join(',')}${optional.map((name) => `[,${name}]`).join('')}`
  const complain = (what: string, names: readonly string[]) => {
    if (names.length > 0) throw new Error(`${place}: ${what} ${names.map(quoted).join(', ')}; ${rule}`)
  }
  complain(
    'there is no column',
    required.filter((name) => !header.includes(name)),
  )
  complain(
    'nobody knows the column',
    header.filter((name) => !known.includes(name)),
  )
  complain(
    'there are two columns',
    header.filter((name, index) => header.indexOf(name) < index),
  )
}

/** For terminals: a file may hold what moves their cursor. */
function quoted(text: string): string {
  return `"${text.slice(0, 40).replaceAll(/\p{C}/gu, '?')}"`
}
