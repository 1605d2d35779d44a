import { randomUUID } from 'node:crypto'
import type { FrameProperties } from '@posthorn/core/transport'
import { type Door, FIELDS, nameOf } from './doors.ts'
import { usualValue } from './field-values.ts'

/** A message that this door is for; `n` tells one from the other. */
export function validMessage(door: Door, n: number): { properties: FrameProperties; body: string } {
  const { definition, kind, originalUser, answered } = door
  const members = Object.entries(FIELDS[nameOf(door)] ?? {}).map(
    ([name, fieldKind]) => `${JSON.stringify(name)}:${usualValue(fieldKind, n)}`,
  )
  return {
    body: `{${members.join(',')}}`,
    properties: {
      type: `${kind}:${definition.type}.v${definition.version}`,
      messageId: randomUUID(),
      contentType: 'application/json',
      persistent: !answered,
      ...(answered ? { replyTo: 'amq.rabbitmq.reply-to' } : {}),
      headers: originalUser === undefined ? {} : { 'x-posthorn-orig-user': originalUser },
    },
  }
}
