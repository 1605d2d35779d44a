/** Events in a round, and the number of subscribers of which a full round is meant: with smaller rounds it shrinks. */
export const FULL = 1_000
