import { badFrames } from './bad-frames.ts'
import { badReplies } from './bad-replies.ts'
import { brokenCalls } from './broken-calls.ts'
import { callsAndSends } from './calls.ts'
import { type ExternalBusHarness, type TestFunction, worldTest } from './harness.ts'
import { identityAndPermissions } from './identity.ts'
import { lifecycle } from './lifecycle.ts'
import { manyAtOnce } from './many-at-once.ts'
import { publishAndSubscribe } from './publish-subscribe.ts'
import { registration } from './registration.ts'
import { retries } from './retries.ts'
import { shopSystem } from './shop-system.ts'

/**
 * What every external bus does, whatever carries it. Registers one test for each behaviour, leaving out what the
 * transport does not promise.
 *
 * @param test the runner's own; it is given a name and an asynchronous function
 */
export function externalBusContract(test: TestFunction, harness: ExternalBusHarness): void {
  const inWorld = worldTest(test, harness, shopSystem)
  registration(inWorld)
  lifecycle(inWorld)
  publishAndSubscribe(inWorld, harness.promises)
  retries(inWorld)
  manyAtOnce(test, harness)
  callsAndSends(inWorld)
  brokenCalls(inWorld)
  identityAndPermissions(inWorld)
  badFrames(inWorld)
  badReplies(inWorld)
}
