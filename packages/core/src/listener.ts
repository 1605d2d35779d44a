/** A listener that cannot harm who calls it: an error of its own becomes a warning of the process. */
export function harmless<A extends readonly unknown[]>(listener: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      listener(...args)
    } catch (error) {
      process.emitWarning(`A listener failed: ${String(error)}`, 'PosthornWarning')
    }
  }
}
