import { during, inTrace } from '../telemetry/during.ts'
import type { Operation, Telemetry } from '../telemetry/telemetry.ts'
import type { Broker, Frame } from './broker.ts'
import { HEADERS, type Outgoing } from './wire-format.ts'

/** Publishes a message's frame as an operation of its own, whose trace context goes with the frame. */
export function publishObserved(
  telemetry: Telemetry,
  broker: Broker,
  message: Outgoing,
  frame: Frame,
  publish: (frame: Frame) => Promise<void>,
): Promise<void> {
  const { exchange, routingKey } = frame
  const operation = { kind: 'publish', message, system: systemOf(broker), exchange, routingKey } as const
  return during(telemetry, operation, ({ traceparent }) => {
    if (traceparent === null) return publish(frame)
    const headers = { ...frame.properties.headers, [HEADERS.traceparent]: traceparent }
    return publish({ ...frame, properties: { ...frame.properties, headers } })
  })
}

type Process = Extract<Operation, { readonly kind: 'process' }>

/** Has what was received handled as an operation of its own; what its handlers cause is part of it. */
export function processObserved<T, A extends Pick<Process, 'message'>>(
  telemetry: Telemetry,
  broker: Broker,
  accepted: A,
  delivery: Pick<Process, 'exchange' | 'routingKey' | 'queue' | 'attempt'>,
  work: (accepted: A) => Promise<T>,
): Promise<T> {
  const operation = {
    kind: 'process',
    message: accepted.message,
    system: systemOf(broker),
    ...delivery,
  } as const
  return during(telemetry, operation, (running) =>
    work({ ...accepted, message: inTrace(accepted.message, running) }),
  )
}

function systemOf({ system = 'posthorn' }: Broker): string {
  return system
}
