/** To be told what has gone wrong, when it has; `as` another fault than the one that was asked for. */
export type Happened = (what: string, as?: 'unknown-commit' | 'stop') => void
