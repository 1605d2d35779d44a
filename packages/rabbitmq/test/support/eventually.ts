/** Asks again and again until the answer is yes; throws after `deadline` ms. */
export async function eventually(
  what: string,
  ask: () => boolean | Promise<boolean>,
  deadline = 10_000,
): Promise<void> {
  const end = performance.now() + deadline
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`Waited ${deadline} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
