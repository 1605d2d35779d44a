import type { Outcome, Shape } from './mailer.ts'

export function literalsWithFallThrough(outcome: Outcome): string {
  // reported: switch-exhaustiveness-check
  switch (outcome) {
    case 'sent':
      return 'arrived'
    case 'bounced':
      return 'came back'
  }
  return 'unknown'
}

export function sideEffectOnly(shape: Shape, log: string[]): void {
  // reported: switch-exhaustiveness-check
  switch (shape.kind) {
    case 'circle':
      log.push('round')
  }
}

export function complete(shape: Shape): number {
  switch (shape.kind) {
    case 'circle':
      return Math.PI * shape.radius ** 2
    case 'square':
      return shape.side ** 2
  }
}

export function withDefault(outcome: Outcome): string {
  switch (outcome) {
    case 'sent':
      return 'arrived'
    default:
      return 'did not arrive'
  }
}

export function openSet(text: string): number {
  switch (text) {
    case 'one':
      return 1
  }
  return 0
}
