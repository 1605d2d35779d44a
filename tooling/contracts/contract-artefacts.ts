import { system } from '@posthorn/contracts'
import { planSystem, type System } from '@posthorn/core'
import { asyncApi, contextMap, messageSchema } from '@posthorn/core/describe'

/** A file that is made from the contracts. */
export interface Artefact {
  /** From the project's root. */
  readonly path: string
  readonly text: string
}

const VERSION = '1.0.0'
const folder = 'docs/reference/contracts'

/** Everything that others read of the contracts without reading TypeScript. */
export function contractArtefacts(): readonly Artefact[] {
  const members = [...system.domains.keys(), ...system.clients]
  return [
    json(
      'system.asyncapi.json',
      asyncApi(system, { version: VERSION, title: 'Allocation and notifications' }),
    ),
    ...members.map((member) =>
      json(`${member}.asyncapi.json`, asyncApi(system, { version: VERSION, member })),
    ),
    json('messages.schema.json', messageSchemas(system)),
    { path: `${folder}/README.md`, text: contextPage(system, members) },
  ]
}

/** One JSON Schema for each message that crosses the broker, under its wire name and version. */
function messageSchemas({ domains }: System): object {
  const messages = [...domains.values()].flatMap(({ commands, events }) => [
    ...Object.values(commands).filter(({ allow }) => allow.length > 0),
    ...Object.values(events).filter((event) => !event.private),
  ])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $defs: Object.fromEntries(
      messages.map((message) => {
        const { $schema: _dialect, ...schema } = messageSchema(message)
        return [`${message.type}.v${message.version}`, schema]
      }),
    ),
  }
}

function contextPage(system: System, members: readonly string[]): string {
  const files = members.map((member) => `[${member}](${member}.asyncapi.json)`).join(', ')
  return `# Contracts

Made from \`services/contracts\` by \`npm run contracts:write\`.

Who uses whose commands (solid) and is told whose events (dotted):

\`\`\`mermaid
${contextMap(system)}\`\`\`

| | |
|---|---|
| AsyncAPI 3.0 of one member: what it sends and receives, and where | ${files} |
| AsyncAPI 3.0 of all together | [system](system.asyncapi.json) |
| JSON Schema of every message | [messages](messages.schema.json) |

## Permissions

The commands that a caller may use are those with which its exchange is bound; the broker returns any other.

| caller | in the vhost | commands |
|---|---|---|
${rows(callers(system, members))}

What each user may do on the broker, as its permissions say (regular expressions over names), and nothing else:

| user | in the vhost | configure | write | read |
|---|---|---|---|---|
${rows(permissions(system))}
`
}

function callers({ domains }: System, members: readonly string[]): readonly string[][] {
  return [...domains.values()].flatMap(({ name, commands }) =>
    members.flatMap((member) => {
      const allowed = Object.entries(commands).filter(([, { allow }]) => allow.includes(member))
      return allowed.length === 0
        ? []
        : [[member, name, allowed.map(([command]) => `\`${command}\``).join(', ')]]
    }),
  )
}

function permissions(system: System): readonly string[][] {
  return planSystem(system).vhosts.flatMap(({ name, permissions }) =>
    permissions.map(({ user, configure, write, read }) => [
      user,
      name,
      ...[configure, write, read].map((pattern) => `\`${pattern.replaceAll('|', '\\|')}\``),
    ]),
  )
}

function rows(table: readonly (readonly string[])[]): string {
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function json(name: string, content: object): Artefact {
  return { path: `${folder}/${name}`, text: `${JSON.stringify(content, null, 2)}\n` }
}
