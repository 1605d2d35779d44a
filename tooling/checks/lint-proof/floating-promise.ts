import { rm } from 'node:fs/promises'
import type { UnitsOfWork } from '@posthorn/core'
import { type Mailbox, Mailer, work } from './mailer.ts'

export async function plainCall(): Promise<void> {
  // reported: no-floating-promises
  work('a')
}

export const inArrow = (): void => {
  // reported: no-floating-promises
  work('a')
}

export function arrayMap(ids: readonly string[]): void {
  // reported: no-floating-promises
  ids.map((id) => work(id))
}

export function allOfThem(ids: readonly string[]): void {
  // reported: no-floating-promises
  Promise.all(ids.map(work))
}

export function onlyThen(): void {
  // reported: no-floating-promises
  work('a').then(() => undefined)
}

export function methodOfClass(mailer: Mailer): void {
  // reported: no-floating-promises
  mailer.send('a')
  // reported: no-floating-promises
  mailer.close()
}

export function methodOfNew(): void {
  // reported: no-floating-promises
  new Mailer().send('a')
}

export function methodOfOptional(mailer?: Mailer): void {
  // reported: no-floating-promises
  mailer?.send('a')
}

export function methodOfPort(mailbox: Mailbox): void {
  // reported: no-floating-promises
  mailbox.find('a')
  mailbox.add('a')
}

export function methodOfAnotherPackage(units: UnitsOfWork): void {
  // reported: no-floating-promises
  units.start()
}

export function library(): void {
  // reported: no-floating-promises
  rm('a')
}

export function forEachAsync(ids: readonly string[]): void {
  // reported: no-misused-promises
  ids.forEach(async (id) => {
    await work(id)
  })
}

export function timer(): void {
  // reported: no-misused-promises
  setTimeout(async () => {
    await work('a')
  }, 1)
}

export async function beforeDisposal(mailer: Mailer): Promise<number> {
  try {
    // reported: return-await
    return mailer.send('a')
  } finally {
    await mailer.close()
  }
}

export async function correctTwins(
  ids: readonly string[],
  mailer: Mailer,
  mailbox: Mailbox,
): Promise<number> {
  await work('a')
  void work('a')
  await Promise.all(ids.map((id) => work(id)))
  work('a').catch(() => undefined)
  work('a').then(
    () => undefined,
    () => undefined,
  )
  const sent = mailer.send('a')
  await mailbox.find('a')
  setTimeout(() => void work('a'), 1)
  for (const id of ids) await work(id)
  try {
    return await sent
  } finally {
    await mailer.close()
  }
}

export function returned(): Promise<void> {
  return work('a')
}
