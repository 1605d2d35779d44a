/** Runs the work for all items, at most `lanes` at a time, items with the same key one after another in their order. */
export async function inParallelBy<T>(
  key: (item: T) => string,
  items: readonly T[],
  work: (item: T) => Promise<void>,
  lanes = 16,
): Promise<void> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  const waiting = [...groups.values()]
  const lane = async () => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      for (const item of group) await work(item)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
