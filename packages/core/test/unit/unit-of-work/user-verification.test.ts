import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { type Id, newId } from '../../../src/messages/id.ts'
import type { Event } from '../../../src/messages/message.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { Aggregate, AggregateMapping } from '../../../src/unit-of-work/repository.ts'

/* An aggregate as one writes it: a plain class with rules, errors of its contract, and an event when something is done. */

const who = z.object({ userId: z.string() })

const users = defineDomain('users', {
  commands: {
    AskForCode: command({ input: who, errors: { AlreadyVerified: who } }),
    Verify: command({ input: who.extend({ code: z.string() }), errors: { IncorrectCode: who } }),
  },
  events: { Verified: event(who.extend({ email: z.string() })) },
})

class User implements Aggregate<Id<'User'>> {
  readonly events: Event[] = []
  readonly id: Id<'User'>
  readonly email: string
  code: string | null
  verified: boolean

  constructor(email: string, id: Id<'User'> = newId(), code: string | null = null, verified = false) {
    this.id = id
    this.email = email
    this.code = code
    this.verified = verified
  }

  newCode(): string {
    if (this.verified) throw new users.errors.AlreadyVerified({ userId: this.id })
    this.code = randomUUID()
    return this.code
  }

  verify(code: string): void {
    if (code !== this.code) throw new users.errors.IncorrectCode({ userId: this.id })
    this.code = null
    this.verified = true
    this.events.push(users.events.Verified({ userId: this.id, email: this.email }))
  }
}

const mapping: AggregateMapping<User> = {
  toRows: ({ id, email, code, verified }) => ({ root: { id, email, code, verified }, children: {} }),
  fromRows: ({ root }) =>
    new User(String(root.email), root.id as User['id'], root.code as User['code'], Boolean(root.verified)),
  childKeys: {},
}

const ANN = 'ann@example.org'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

test('EXA-01 EXA-09 a new user has what it was made with, is not verified and has no code', () => {
  expect(new User(ANN)).toMatchObject({ email: ANN, verified: false, code: null, events: [] })
})

test('EXA-02 a new code is a UUID, given and kept', () => {
  const user = new User(ANN)
  const code = user.newCode()
  expect(code).toMatch(UUID)
  expect(user.code).toBe(code)
})

test('EXA-03 without a code nothing verifies', () => {
  const user = new User(ANN)
  expect(() => user.verify(randomUUID())).toThrow(users.errors.IncorrectCode)
  expect(user).toMatchObject({ verified: false, events: [] })
})

test('EXA-04 the right code verifies, is used up, and tells it', () => {
  const user = new User(ANN)
  user.verify(user.newCode())
  expect(user).toMatchObject({ verified: true, code: null })
  expect(user.events).toMatchObject([{ type: 'users.Verified', payload: { userId: user.id, email: ANN } }])
})

test('EXA-05 a wrong code verifies nothing and leaves the right one valid', () => {
  const user = new User(ANN)
  const code = user.newCode()
  expect(() => user.verify(randomUUID())).toThrow(users.errors.IncorrectCode)
  expect(user).toMatchObject({ verified: false, code })
})

test('EXA-06 EXA-07 a verified user is not verified again with the old code, and gets no new one', () => {
  const user = new User(ANN)
  const code = user.newCode()
  user.verify(code)
  expect(() => user.verify(code)).toThrow(users.errors.IncorrectCode)
  expect(() => user.newCode()).toThrow(users.errors.AlreadyVerified)
  expect(user.events).toHaveLength(1)
})

test('EXA-08 EXA-10 EXA-11 a handler’s unit has the stored user, and what mails it a link with its id and code', async () => {
  const sent: { to: string; subject: string; text: string }[] = []
  const units = inMemoryUnitsOfWork({
    domain: users,
    store: new InMemoryStore(),
    repositories: { users: (unit: InMemoryUnit) => inMemoryRepository(unit, 'users', mapping) },
    adapters: { mailer: () => sent, baseUrl: () => 'https://example.org' },
  })
  const ann = new User(ANN)
  await units.run(async (unit) => unit.users.add(ann))
  const code = await units.run(async (unit) => {
    const user = await unit.users.get(ann.id)
    expect(user).not.toBe(ann)
    const fresh = user?.newCode()
    const text = `${unit.baseUrl}/verify/${user?.id}/${fresh}`
    unit.mailer.push({ to: user?.email ?? '', subject: 'Please confirm your address', text })
    return fresh
  })
  const text = `https://example.org/verify/${ann.id}/${code}`
  expect(sent).toEqual([{ to: ANN, subject: 'Please confirm your address', text }])
  const stored = await units.run(async (unit) => unit.users.get(ann.id))
  expect(stored).toMatchObject({ email: ANN, code, verified: false })
})
