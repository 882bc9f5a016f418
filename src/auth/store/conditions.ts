/** The refusals of a change whose condition doesn't hold, in the words that every backend uses. */
import { StoreError } from '../storage.ts'

export function exists(subject: string): StoreError {
  return new StoreError('exists', subject, `${subject} exists already`)
}

export function missing(subject: string): StoreError {
  return new StoreError('missing', subject, `there is no ${subject}`)
}

export function inUse(subject: string, user: string): StoreError {
  return new StoreError('in-use', subject, `${subject} is in use by ${user}`)
}

/** @param what follows the subject: `was changed since it was read` */
export function conflict(subject: string, what: string): StoreError {
  return new StoreError('conflict', subject, `${subject} ${what}`)
}

export const CHANGED = 'was changed since it was read'

export const roleSubject = (name: string): string => `role "${name}"`
export const botSubject = (name: string): string => `bot "${name}"`
export const tokenSubject = (id: string): string => `join token "${id}"`
export const instanceSubject = (id: string): string => `bot instance "${id}"`
export const readmissionSubject = (instanceId: string): string => `readmission of ${instanceId}`
export const certificateSubject = (serial: bigint): string => `certificate ${serial}`
export const nodeSubject = (name: string): string => `node "${name}"`
export const sessionSubject = (node: string, id: string): string => `session "${node}/${id}"`
export const lockSubject = (id: string): string => `lock "${id}"`
export const adminSubject = (name: string): string => `admin "${name}"`
export const eventSubject = (sequence: number): string => `audit event ${sequence}`
export const auditKeySubject = 'audit key'
export const authoritySubject = (type: string): string => `${type} authority`
