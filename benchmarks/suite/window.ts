/** Does work `size` times over, at most `width` of it at once. */
export async function windowed(
  size: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < size) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(width, size) }, lane))
}

/** Counts to a number that each round sets anew. */
export class Countdown {
  #left = 0
  #done: () => void = () => undefined

  from(count: number): Promise<void> {
    this.#left = count
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }

  count(): void {
    this.#left -= 1
    if (this.#left === 0) this.#done()
  }
}
