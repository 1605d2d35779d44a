/** An expected failure: the user sees its one sentence, never a stack. */
export class Failure extends Error {
  /**
   * @param {string} message one sentence
   * @param {string} [output] what the failed command printed, shown above the sentence
   */
  constructor(message, output) {
    super(message)
    this.output = output
  }
}
