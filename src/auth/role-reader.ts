import type { Role } from '../policy/role.ts'
import { parseRoleDocuments } from '../policy/role-document.ts'
import { AuthError, checkPolicy } from './errors.ts'

/** The one role of a document. @throws AuthError `invalid-request` */
export function readRole(document: string): Role {
  const [role, ...others] = checkPolicy(() => parseRoleDocuments(document, 'role'))
  if (role && others.length === 0) return role
  throw new AuthError('invalid-request', 'expected one role document', {
    hint: 'send each role by itself',
  })
}
