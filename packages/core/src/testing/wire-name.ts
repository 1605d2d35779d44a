import { parseWireType } from '../external-bus/wire-format.ts'

/** The wire name in the type that stands on a frame; what is none of ours stays as it is. */
export function wireName(type: string): string {
  const wire = parseWireType(type)
  return wire === undefined ? type : `${wire.domain}.${wire.name}`
}
