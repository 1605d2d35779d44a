const paint = (code: number) => (text: string) =>
  process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? `\u001b[${code}m${text}\u001b[0m` : text

export const bold = paint(1)
export const dim = paint(2)

export function say(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** A step of the story: what is done, then what came of it. */
export function step(text: string): void {
  say(`\n${bold('→')} ${text}`)
}

export function outcome(text: string): void {
  say(`  ${text}`)
}
