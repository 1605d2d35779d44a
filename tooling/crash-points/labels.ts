import type { Flavour } from './system.ts'
import type { Role } from './worker/worker-process.ts'

/** A step at which workers are killed. */
export interface Label {
  readonly name: string
  /** What has been done by then, and what has not. */
  readonly state: string
  /** Fits what is reported at that step. */
  readonly at: RegExp
  /** Who dies. */
  readonly role: Role
  /** What takes him there: orders that are sent, calls, or old entries of the inbox. A kiosk makes its own calls. */
  readonly by: Flavour | 'ask' | 'stale'
  /** Whether the books want their events in order. */
  readonly ordered: boolean
  /** Whether it is one of the steps that every system of this kind has. */
  readonly classic: boolean
}

const BOOKED = 'begin .*> insert into booked .*> commit'

/**
 * P0 to P6, C0 to C6 and R0 to R6 are the usual names of the usual steps; the others are what there is here besides.
 */
export const labels: readonly Label[] = [
  ...unitOfWork(),
  ...relay(),
  ...followUps(),
  ...consumer(),
  ...orderedConsumer(),
  ...deadLetters(),
  ...server(),
  ...caller(),
]

export function labelled(name: string): Label {
  const found = labels.find((label) => label.name === name)
  if (found === undefined) throw new Error(`There is no label ${name}`)
  return found
}

function unitOfWork(): readonly Label[] {
  const written = 'begin .*> insert into placed .*> commit'
  return [
    step('U1', 'claimed in the inbox', /^claimed desk\.Place$/),
    step('U2', 'inside a savepoint', /^sent begin .*> insert into kept [^>]*$/, 'savepoint'),
    step('U3', 'a savepoint is being undone', /^sent begin .*> rollback to [^>]*$/, 'savepoint'),
    classic('P0', 'before the commit', /^committing desk\.Place$/),
    step('U4', 'all is written, COMMIT not sent', new RegExp(`^sending ${written}$`)),
    step('U5', 'COMMIT sent, not answered', new RegExp(`^sent ${written}$`)),
    step('U6', 'committed, the command not acknowledged', /^acking q\.commands$/),
  ]
}

function relay(): readonly Label[] {
  const deleted = 'begin .*> select pg_try_advisory_xact_lock.*> delete from posthorn_outbox [^>]*'
  return [
    classic('P1', 'committed, the relay not woken', /^waking the relay$/),
    classic('P2', 'taken, not published', /^taken$/),
    classic('P3', 'published, not confirmed', /^sent publish x\.events /),
    classic('P4', 'confirmed, the relay does not know', /^published x\.events /),
    classic('P5', 'deleted, COMMIT not sent', new RegExp(`^sent ${deleted}$`)),
    step('P5b', 'deleted, COMMIT sent, not answered', new RegExp(`^sent ${deleted}> commit$`)),
    classic('P6', 'in the middle of a clean-up', /^sent delete from posthorn_inbox /, 'stale'),
  ]
}

function followUps(): readonly Label[] {
  const struck = 'begin .*> delete from posthorn_outbox .*> insert into followed .*> commit'
  return [
    step('L1', 'committed, the follow-up not begun', /^handling desk\.Noted\/follow$/, 'follow'),
    step('L2', 'struck off, not handled', /^struck off desk\.Noted\/follow$/, 'follow'),
    step('L3', 'COMMIT of the follow-up sent', new RegExp(`^sent ${struck}$`), 'follow'),
    step('L4', 'failed, not marked as failed', /^marking as failed$/, 'stubborn'),
    step('L5', 'leased by a relay, not handled', /^taken locally$/, 'stubborn'),
    step('D1', 'leased for a detached handler', /^leased$/, 'tell'),
    step('D2', 'a detached handler has acted', /^sent insert into told /, 'tell'),
    step('D3', 'its outcome is not recorded', /^committing desk\.Told\/tell$/, 'tell'),
  ]
}

function consumer(): readonly Label[] {
  const copy = 'books\\.x\\.dlx books\\.q\\.events\\.retry\\.1s$'
  return [
    classic('C0', 'delivered, not begun', /^delivered books\.q\.events$/),
    classic('C1', 'in the transaction', /^sent begin .*> insert into booked [^>]*$/),
    classic('C2', 'before the commit', /^committing desk\.Placed\/book$/),
    classic('C3', 'COMMIT sent, not answered', new RegExp(`^sent ${BOOKED}$`)),
    classic('C4', 'committed, not acknowledged', /^acking books\.q\.events$/),
    classic('C5', 'the acknowledgement has left', /^sent ack books\.q\.events$/),
    step('C6a', 'retry copy about to leave', new RegExp(`^sending publish ${copy}`), 'shaky'),
    step('C6b', 'retry copy sent, not confirmed', new RegExp(`^sent publish ${copy}`), 'shaky'),
    classic('C6', 'retry copy confirmed', new RegExp(`^published ${copy}`), 'shaky'),
  ].map((label) => ({ ...label, role: 'books' }))
}

function orderedConsumer(): readonly Label[] {
  return [
    step('O1', 'in order: between two tries', /^failed desk\.Placed\/book$/, 'shaky'),
    step('O2', 'in order: COMMIT sent', new RegExp(`^sent ${BOOKED}$`)),
    step('O3', 'in order: committed, not acknowledged', /^acking books\.q\.events$/),
  ].map((label) => ({ ...label, role: 'books', ordered: true }))
}

function deadLetters(): readonly Label[] {
  const copy = 'x\\.dlx q\\.commands\\.dead$'
  return [
    step('X1', 'dead letter about to leave', new RegExp(`^sending publish ${copy}`), 'doomed'),
    step('X2', 'dead letter sent, not confirmed', new RegExp(`^sent publish ${copy}`), 'doomed'),
    step('X3', 'dead letter confirmed', new RegExp(`^published ${copy}`), 'doomed'),
  ]
}

function server(): readonly Label[] {
  return [
    classic('R2', 'call delivered, not begun', /^delivered q\.calls$/, 'ask'),
    classic('R3', 'call: before the commit', /^committing desk\.Ask$/, 'ask'),
    classic('R4', 'call: committed, not replied', /^publishing reply /, 'ask'),
    step('R4b', 'call: reply sent, not confirmed', /^sent publish reply /, 'ask'),
    classic('R5', 'call: replied, not acknowledged', /^acking q\.calls$/, 'ask'),
  ]
}

function caller(): readonly Label[] {
  return [
    classic('R0', 'caller: not published', /^publishing x\.cmd\.kiosk /),
    classic('R1', 'caller: published, not confirmed', /^sent publish x\.cmd\.kiosk /),
    classic('R6', 'caller: waiting', /^published x\.cmd\.kiosk /),
    step('R6b', 'caller: the reply is there, unread', /^reply heard$/),
  ].map((label) => ({ ...label, role: 'kiosk' }))
}

function step(name: string, state: string, at: RegExp, by: Label['by'] = 'plain'): Label {
  return { name, state, at, by, role: 'desk', ordered: false, classic: false }
}

function classic(...parts: Parameters<typeof step>): Label {
  return { ...step(...parts), classic: true }
}
