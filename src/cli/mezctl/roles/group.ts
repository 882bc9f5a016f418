import type { VerbGroup } from '../../verb.ts'
import { rolesCreate } from './create.ts'
import { rolesGet } from './get.ts'
import { rolesLs } from './ls.ts'
import { rolesRm } from './rm.ts'
import { rolesUpdate } from './update.ts'
import { rolesValidate } from './validate.ts'

export const roles: VerbGroup = {
  name: 'roles',
  summary: 'who may log in where',
  description:
    'A role is a YAML document that allows logins on the nodes whose labels it selects, denies others, and limits what a session may do. Deny wins over allow, over all roles of a bot.',
  verbs: [rolesCreate, rolesUpdate, rolesLs, rolesGet, rolesValidate, rolesRm],
}
