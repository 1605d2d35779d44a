import type { TcpProxy } from '../../faults/tcp-proxy.ts'

/** The same server by another way. */
export function through(url: string, { port }: Pick<TcpProxy, 'port'>): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = `${port}`
  return changed.href
}
