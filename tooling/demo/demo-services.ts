import type { MailCatcher } from '../running-system/mail-catcher.ts'

/** The two services, wherever they run. */
export interface DemoServices {
  readonly allocationUrl: string
  readonly notificationsUrl: string
  readonly databaseUrl: string
  /** Absent when both services share one process and the in-memory bus. */
  readonly brokerUrl: string | undefined
  readonly credentialsPath: string | undefined
  readonly mail: MailCatcher
  /** Resolves with a sentence when a service has ended that nobody asked to. Never, when there is but one process. */
  readonly failed: Promise<string>
  stop(): Promise<void>
}
