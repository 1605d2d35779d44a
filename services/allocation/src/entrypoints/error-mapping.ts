import type { allocation } from '@posthorn/contracts'

/** The HTTP status of each error of the contract. */
export const statuses: Readonly<Record<keyof typeof allocation.errors, number>> = {
  BatchChanged: 412,
  BatchConflict: 409,
  BatchNotFound: 404,
  InvalidSku: 404,
  LineNotFound: 404,
  LineQuantityConflict: 409,
}
