import type { System } from '../messages/define-system.ts'

/** The other domains that a member of a system may ask for something, or hears of. */
export function reachableDomains(member: string, { domains, subscriptions }: System): readonly string[] {
  const heard = new Set(subscriptions.get(member)?.map(({ domain }) => domain))
  return [...domains.values()]
    .filter(
      ({ name, commands }) =>
        name !== member &&
        (heard.has(name) || Object.values(commands).some(({ allow }) => allow.includes(member))),
    )
    .map(({ name }) => name)
}
