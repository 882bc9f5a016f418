import { type Labels, matchesLabels } from '../../policy/labels.ts'
import type { Role } from '../../policy/role.ts'

/** Which of a role's two selectors hold for a node's labels. */
export type RoleMatch = 'none' | 'allow' | 'deny' | 'both'

export function matchRole({ allow, deny }: Role, labels: Labels): RoleMatch {
  const allows = allow !== undefined && matchesLabels(allow.nodeLabels, labels)
  const denies = deny.nodeLabels !== undefined && matchesLabels(deny.nodeLabels, labels)
  if (allows && denies) return 'both'
  if (allows) return 'allow'
  return denies ? 'deny' : 'none'
}
