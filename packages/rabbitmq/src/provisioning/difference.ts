/** One way in which a broker is not as its plan says. */
export interface Difference {
  /** Null when it is about the broker as a whole. */
  readonly vhost: string | null
  /** Such as `queue q.commands`. */
  readonly object: string
  readonly problem: string
}
