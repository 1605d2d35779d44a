/** Eight requests at a time: more gain nothing. */
const WIDTH = 8

/** Does one thing for each item, several at a time, and fails with the first that fails. */
export async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: WIDTH }, worker))
}
