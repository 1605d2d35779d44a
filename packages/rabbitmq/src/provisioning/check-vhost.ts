import type { PermissionPlan, VhostPlan } from '@posthorn/core/transport'
import type { Difference } from './difference.ts'
import { type BrokerUser, plannedFor, sameRights, tagsOf } from './revoke-rights.ts'
import { type ActualExchange, missingBindings, surplusBindings, type VhostState } from './vhost-state.ts'

type Report = (object: string, problem: string) => void

/** How a vhost differs from its plan, and who may do there what the plan does not know of. */
export function checkVhost(
  plan: VhostPlan,
  state: VhostState,
  planned: readonly string[],
  users: readonly BrokerUser[],
): readonly Difference[] {
  const found: Difference[] = []
  const report: Report = (object, problem) => found.push({ vhost: plan.name, object, problem })
  checkObjects(plan, state, report)
  const others = users.filter(({ name }) => !planned.includes(name))
  checkRights(plan, state, others, report)
  checkStrangers(state, users, others, report)
  for (const { name } of state.policies) {
    report(`policy ${name}`, 'is not in the plan; it alters queues or exchanges')
  }
  for (const [name, value] of Object.entries(state.limits)) {
    report('vhost', `has the limit ${name} ${value}, which is not in the plan`)
  }
  return found
}

function checkObjects(plan: VhostPlan, state: VhostState, report: Report): void {
  for (const { name, type } of plan.exchanges) {
    const actual = state.exchanges.find((one) => one.name === name)
    const problems = actual === undefined ? ['is missing'] : exchangeProblems(type, actual)
    for (const problem of problems) report(`exchange ${name}`, problem)
  }
  for (const { name, arguments: planned } of plan.queues) {
    const actual = state.queues.find((one) => one.name === name)
    if (actual === undefined) report(`queue ${name}`, 'is missing')
    else for (const problem of compareArguments(planned, actual.arguments)) report(`queue ${name}`, problem)
  }
  for (const { name } of state.exchanges) {
    if (!plan.exchanges.some((one) => one.name === name)) report(`exchange ${name}`, 'is not in the plan')
  }
  for (const { name } of state.queues) {
    if (!plan.queues.some((one) => one.name === name)) report(`queue ${name}`, 'is not in the plan')
  }
  for (const { exchange, queue, routingKey } of missingBindings(plan, state)) {
    report(`binding ${exchange} → ${queue} (${routingKey})`, 'is missing')
  }
  for (const { source, destination, routing_key } of surplusBindings(plan, state)) {
    report(`binding ${source} → ${destination} (${routing_key})`, 'is not in the plan')
  }
}

function checkRights(
  plan: VhostPlan,
  state: VhostState,
  others: readonly BrokerUser[],
  report: Report,
): void {
  // People and tools; what they may do is looked at below.
  const isTagged = (name: string) => others.some((user) => user.name === name && tagsOf(user).length > 0)
  for (const planned of plan.permissions) {
    const actual = state.permissions.find(({ user }) => user === planned.user)
    if (actual === undefined) report(`permissions of ${planned.user}`, 'are missing')
    else if (!sameRights(planned, actual)) report(`permissions of ${planned.user}`, 'are others than planned')
  }
  for (const { user } of state.permissions) {
    if (plannedFor(plan, user) === undefined && !isTagged(user))
      report(`permissions of ${user}`, 'are not in the plan')
  }
  const topic = (one: { user: string; exchange: string }) =>
    `topic permissions of ${one.user} on ${one.exchange}`
  for (const planned of plan.topicPermissions) {
    const actual = state.topicPermissions.find((one) => topic(one) === topic(planned))
    if (actual === undefined) report(topic(planned), 'are missing')
    else if (actual.write !== planned.write || actual.read !== planned.read)
      report(topic(planned), 'are others than planned')
  }
  for (const actual of state.topicPermissions) {
    const planned = plan.topicPermissions.some((one) => topic(one) === topic(actual))
    if (!planned && !isTagged(actual.user)) report(topic(actual), 'are not in the plan')
  }
}

/** Whoever may enter counts, also by rights that are planned: `impersonator` makes every `user-id` worthless. */
function checkStrangers(
  state: VhostState,
  users: readonly BrokerUser[],
  others: readonly BrokerUser[],
  report: Report,
): void {
  for (const permission of state.permissions) {
    const { user: name } = permission
    const user = users.find((one) => one.name === name)
    const tags = user === undefined ? [] : tagsOf(user)
    if (tags.includes('impersonator'))
      report(`user ${name}`, 'has the tag impersonator: it may write in everybody’s name')
    const isOther = others.some((one) => one.name === name)
    if (isOther && tags.length > 0 && !tags.includes('administrator') && !isPowerless(permission))
      report(`permissions of ${name}`, `let a user with the tags ${tags.join(', ')} use what is there`)
  }
}

function isPowerless({ configure, write, read }: PermissionPlan): boolean {
  return [configure, write, read].every((pattern) => pattern === '^$' || pattern === '')
}

function exchangeProblems(planned: string, exchange: ActualExchange): readonly string[] {
  const { type, durable, internal, auto_delete, arguments: actual } = exchange
  return [
    ...(type === planned ? [] : [`is of type ${type}, not ${planned}`]),
    ...(durable ? [] : ['is not durable']),
    ...(auto_delete ? ['deletes itself'] : []),
    ...(internal ? ['takes nothing from clients'] : []),
    ...compareArguments({}, actual),
  ]
}

function compareArguments(
  planned: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): readonly string[] {
  return [...new Set([...Object.keys(planned), ...Object.keys(actual)])]
    .filter((name) => planned[name] !== actual[name])
    .map((name) => `has ${name} ${actual[name] ?? 'unset'}, not ${planned[name] ?? 'unset'}`)
}
