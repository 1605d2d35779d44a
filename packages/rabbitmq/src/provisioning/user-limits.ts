/** What one user may have open in all vhosts together: two connections for each, with a few channels each. */
export function userLimits(connections = 100): Readonly<Record<string, number>> {
  return { 'max-connections': connections, 'max-channels': connections * 10 }
}
