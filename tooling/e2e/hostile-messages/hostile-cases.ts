import type { FrameProperties } from '@posthorn/core/transport'
import { BODY_FAULTS } from './body-faults.ts'
import { type Door, FIELDS, nameOf } from './doors.ts'
import type { Expected, Fault } from './fault.ts'
import { FIELD_VALUES } from './field-values.ts'
import { PROPERTY_FAULTS } from './property-faults.ts'
import { validMessage } from './valid-message.ts'

/** One message as somebody might send it, and what must become of it. */
export interface HostileCase {
  readonly what: string
  readonly expected: Expected
  readonly properties: FrameProperties
  readonly body: Uint8Array
  readonly anonymous?: boolean
}

/** Everything that can be wrong with a message at one door, and what only looks so. */
export function casesFor(door: Door): readonly HostileCase[] {
  return [...PROPERTY_FAULTS, ...BODY_FAULTS, ...fieldFaults(door)].map(caseAt(door))
}

/** The same without what is wrong with a single field of the payload. */
export function frameCasesFor(door: Door): readonly HostileCase[] {
  return [...PROPERTY_FAULTS, ...BODY_FAULTS].map(caseAt(door))
}

function caseAt(door: Door) {
  return ({ what, expected, properties, body, anonymous }: Fault, n: number): HostileCase => {
    const valid = validMessage(door, n)
    return {
      what,
      expected,
      ...(anonymous === undefined ? {} : { anonymous }),
      properties: properties?.(valid.properties, door) ?? valid.properties,
      body: Buffer.from(body?.(valid.body) ?? valid.body),
    }
  }
}

function fieldFaults(door: Door): readonly Fault[] {
  return Object.entries(FIELDS[nameOf(door)] ?? {}).flatMap(([name, kind]) => {
    const change = (expected: Expected) => (value: string | null) => ({
      what: value === null ? `without ${name}` : `with ${name}: ${value.slice(0, 40)}`,
      expected,
      body: (valid: string) => withMember(valid, name, value),
    })
    const { bad, good } = FIELD_VALUES[kind]
    return [...bad.map(change('invalid-payload')), ...good.map(change('understood'))]
  })
}

/** By hand: `JSON.stringify` cannot say `1e999` or half a character. */
function withMember(body: string, name: string, value: string | null): string {
  const others = Object.entries(JSON.parse(body)).filter(([key]) => key !== name)
  const members = others.map(([key, held]) => `${JSON.stringify(key)}:${JSON.stringify(held)}`)
  return `{${[...members, ...(value === null ? [] : [`${JSON.stringify(name)}:${value}`])].join(',')}}`
}
