// Outlives the runner. The runner writes what it holds, one JSON line each, to this process' stdin; when that pipe
// closes, for whatever reason (SIGKILL included), what is still held is ended, last first.
import { createInterface } from 'node:readline'
import { endResource } from './end-resource.mjs'

/** @type {Map<number, import('./end-resource.mjs').Resource>} */
const held = new Map()

for await (const line of createInterface({ input: process.stdin })) {
  const { id, resource } = JSON.parse(line)
  if (resource) held.set(id, resource)
  else held.delete(id)
}

for (const resource of [...held.values()].reverse()) await endResource(resource)
