import { randomBytes } from 'node:crypto'
import { PosthornError, planSystem, type System } from '@posthorn/core'
import type { PlanOptions, SystemPlan } from '@posthorn/core/transport'
import { withDeadline } from '../deadline.ts'
import { rabbitMqError } from '../errors.ts'
import { applyPlan } from '../provisioning/apply.ts'
import { inParallel } from '../provisioning/in-parallel.ts'
import { ManagementApi } from '../provisioning/management-api.ts'
import { removePlan } from '../provisioning/remove.ts'
import { isPassword, type StoredPassword, testPasswords } from './test-passwords.ts'

/** Where the broker is, and what is planned on it. */
export interface TestVhostsOptions extends Omit<PlanOptions, 'namespace'> {
  /** `amqp[s]://<host>:<port>` of the broker; credentials in it are not used. */
  readonly amqpUrl: string
  /** `http[s]://<administrator>:<password>@<host>:<port>` of its management API. */
  readonly managementUrl: string
  /** The longest that making them may take, and dropping them, in ms. Default 30,000. */
  readonly deadline?: number
}

/** A system on a broker, in vhosts that nobody else has. */
export interface TestVhosts extends AsyncDisposable {
  /** Stands before each vhost's name, and is to be given to the external bus. */
  readonly namespace: string
  readonly plan: SystemPlan
  /** The broker's URL with the credentials of a domain or client. */
  urlFor(user: string): string
  /**
   * Deletes the vhosts, with all that is in them. The users stay: other tests may be using the same. Idempotent.
   * @throws {PosthornError} `ManagementFailed`, also when it took too long
   */
  drop(): Promise<void>
}

/** Services use two connections for each vhost, and all tests on a broker the same users. */
const CONNECTIONS_PER_USER = 1_000

/**
 * Provisions a system on a broker for tests, with vhosts of its own and the rights of its contracts and no more: for one
 * test, or one file of tests. With `selfDeclare` the vhosts are empty, for the services to fill.
 *
 * The broker must be one for tests, since its users get passwords of their own, see `testPasswords`. Where one of them
 * exists with another password nothing is touched.
 *
 * @throws {PosthornError} `InvalidConfiguration` for a URL that cannot be used, and for a user who is somebody else's;
 * `ManagementFailed` also when it took too long. What was made until then is deleted again
 */
export async function testVhosts(system: System, options: TestVhostsOptions): Promise<TestVhosts> {
  const { amqpUrl, managementUrl, deadline = 30_000, ...planned } = options
  const api = new ManagementApi(managementUrl)
  const namespace = `t${randomBytes(5).toString('hex')}`
  const full = planSystem(system, { ...planned, namespace })
  const plan = planned.selfDeclare === true ? bare(full) : full
  const passwords = testPasswords(managementUrl, plan.users)
  const inTime = <T>(what: string, work: Promise<T>) =>
    withDeadline(work, deadline, () => tooLate(what, deadline))

  await inTime(
    'made',
    inParallel(plan.users, (user) => assertOwn(api, user, passwords[user] ?? '')),
  )
  const making = applyPlan(plan, { managementUrl, passwords, connectionsPerUser: CONNECTIONS_PER_USER })
  const remove = async () => {
    // It may have been given up, and would make again what is deleted now.
    await making.catch(() => undefined)
    await removePlan(plan, { managementUrl, keepUsers: true })
  }
  let dropped: Promise<void> | undefined
  const drop = () => {
    dropped ??= inTime('dropped', remove())
    return dropped
  }
  try {
    await inTime('made', making)
  } catch (error) {
    // Why they could not be made is what counts.
    await drop().catch(() => undefined)
    throw error
  }
  return {
    namespace,
    plan,
    urlFor: (user) => urlAs(amqpUrl, user, passwords[user] ?? ''),
    drop,
    [Symbol.asyncDispose]: drop,
  }
}

/** From RabbitMQ 4.3 on there are no rights to the topics of an exchange that does not exist. */
function bare(plan: SystemPlan): SystemPlan {
  const vhosts = plan.vhosts.map((vhost) => ({
    ...vhost,
    exchanges: vhost.exchanges.filter(({ name }) =>
      vhost.topicPermissions.some(({ exchange }) => exchange === name),
    ),
    queues: [],
    bindings: [],
  }))
  return { ...plan, vhosts }
}

/** @throws {PosthornError} `InvalidConfiguration` for a user who is there with another password */
async function assertOwn(api: ManagementApi, user: string, password: string): Promise<void> {
  const stored = await api.get<StoredPassword>('users', user).catch((error) => {
    if (error instanceof PosthornError && error.details['status'] === 404) return undefined
    throw error
  })
  if (stored === undefined || isPassword(password, stored)) return
  throw rabbitMqError(
    'InvalidConfiguration',
    `The broker has a user ${user} that is none of these tests', who would get another password; use a broker for ` +
      'tests only, or delete that user',
  )
}

function urlAs(amqpUrl: string, user: string, password: string): string {
  const url = new URL(amqpUrl)
  url.username = user
  url.password = password
  url.pathname = ''
  return url.href
}

function tooLate(what: string, deadline: number): PosthornError<'ManagementFailed'> {
  return rabbitMqError('ManagementFailed', `The vhosts of a test were not ${what} within ${deadline} ms`, {
    retryable: true,
  })
}
