/** Events in a round, and the backlog of which a full round is meant: with smaller rounds it shrinks. */
export const FULL = 4_000
