import type { WriteStream } from 'node:tty'

const WIDTH = 30

/** One line that fills up on a terminal; a line for each quarter elsewhere. */
export function progressBar(
  label: string,
  total: number,
  out: WriteStream = process.stdout,
): (done: number) => void {
  let quarter = 0
  return (done) => {
    if (out.isTTY) {
      const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH)
      out.write(`\r  ${label} [${'='.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${done}/${total}`)
      if (done === total) out.write('\n')
      return
    }
    while (quarter < 4 && done >= ((quarter + 1) * total) / 4) {
      quarter += 1
      out.write(`  ${label} ${quarter * 25} %: ${Math.ceil((quarter * total) / 4)}/${total}\n`)
    }
  }
}
