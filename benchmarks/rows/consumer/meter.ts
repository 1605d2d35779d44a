/** Measures from the first message's beginning to the last one's end: what starting to consume takes does not count. */
export class Meter {
  #left = 0
  #start: number | undefined
  #resolve: (seconds: number) => void = () => undefined

  /** Gives the seconds that so many messages have taken. */
  from(count: number): Promise<number> {
    this.#left = count
    this.#start = undefined
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  async measure<T>(handling: () => Promise<T>): Promise<T> {
    this.#start ??= performance.now()
    const result = await handling()
    this.#left -= 1
    if (this.#left === 0) this.#resolve((performance.now() - this.#start) / 1_000)
    return result
  }
}
