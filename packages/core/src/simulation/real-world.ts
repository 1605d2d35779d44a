/**
 * What reaches out of a simulation. A seed is over before the event loop has its turn, so that whatever real thing is
 * waited for at its end was begun in it.
 */
export class RealWorld {
  readonly #before = new Map<string, number>()
  readonly #rejections: unknown[] = []
  readonly #onRejection = (error: unknown) => void this.#rejections.push(error)

  constructor() {
    // Made when first asked for, and to print is no waiting.
    void [process.stdout, process.stderr]
    process.on('unhandledRejection', this.#onRejection)
  }

  /** To be called before each seed. */
  look(): void {
    this.#before.clear()
    for (const kind of process.getActiveResourcesInfo()) {
      this.#before.set(kind, (this.#before.get(kind) ?? 0) + 1)
    }
  }

  /** What was begun since the last look and is waited for in vain. */
  begun(): readonly string[] {
    const left = new Map(this.#before)
    return process.getActiveResourcesInfo().filter((kind) => {
      const known = left.get(kind) ?? 0
      left.set(kind, known - 1)
      return known <= 0
    })
  }

  /** Lets the event loop have its turn. Gives the errors that nobody has handled. */
  async unhandled(turn: () => Promise<void>): Promise<readonly unknown[]> {
    await turn()
    return this.#rejections.splice(0)
  }

  end(): void {
    process.off('unhandledRejection', this.#onRejection)
  }
}
