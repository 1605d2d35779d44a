import { Socket } from 'node:net'
import type { Failpoint } from '../failpoint.ts'
import { SentFrames } from './sent-frames.ts'
import { SentStatements } from './sent-statements.ts'

/**
 * Reports all that this process sends to Postgres and to RabbitMQ, twice: as `sending …` before the bytes are written,
 * and as `sent …` when the kernel has them and the answer cannot have come.
 */
export function tapSockets(failpoint: Failpoint): void {
  const wires = new WeakMap<Socket, SentFrames | SentStatements>()
  const { write } = Socket.prototype
  const tapped = function (this: Socket, data: Buffer | string, ...rest: readonly unknown[]) {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
    const wire = wires.get(this) ?? (bytes[0] === 0 ? new SentStatements() : new SentFrames())
    wires.set(this, wire)
    const said = wire.read(bytes)
    for (const what of said) failpoint.pass(`sending ${what}`)
    const last = said.map((what) => `sent ${what}`).find((step) => failpoint.reached(step))
    const given = last === undefined ? rest : [() => failpoint.die(last)]
    return write.apply(this, [data, ...given] as never)
  }
  // One of `write`'s overloads stands for all: the arguments are passed on as they are.
  Socket.prototype.write = tapped as typeof write
}
