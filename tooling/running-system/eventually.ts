/** Asks again and again until there is an answer, or throws what it waited for after `deadline` ms. */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  what: string | (() => string),
  deadline = 15_000,
): Promise<T> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) {
      throw new Error(`Waited ${deadline} ms for ${typeof what === 'string' ? what : what()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
