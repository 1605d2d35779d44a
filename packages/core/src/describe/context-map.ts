import type { System } from '../messages/define-system.ts'
import { splitType } from '../messages/names.ts'

/**
 * Who talks to whom, as a mermaid flow chart: solid arrows for the commands that a caller may use, dotted ones for the
 * events that a subscriber is told. Domains are boxes, clients are rounded.
 */
export function contextMap({ domains, clients, subscriptions }: System): string {
  const members = [...domains.keys(), ...clients]
  const lines = members.map((name) => `  ${id(name)}${domains.has(name) ? `[${name}]` : `([${name}])`}`)
  for (const domain of domains.values()) {
    for (const member of members) {
      const commands = Object.values(domain.commands).filter(({ allow }) => allow.includes(member))
      const events = (subscriptions.get(member) ?? []).filter((event) => event.domain === domain.name)
      if (commands.length > 0) lines.push(`  ${id(member)} -->|${names(commands)}| ${id(domain.name)}`)
      if (events.length > 0) lines.push(`  ${id(domain.name)} -.->|${names(events)}| ${id(member)}`)
    }
  }
  return ['flowchart LR', ...lines, ''].join('\n')
}

/** Not the name itself: mermaid takes `end`, `graph` and others for its own. */
function id(name: string): string {
  return `_${name}`
}

function names(messages: readonly { readonly type: string }[]): string {
  return messages.map(({ type }) => splitType(type).name).join('<br/>')
}
