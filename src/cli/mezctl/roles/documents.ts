/** Role documents as `mezctl` reads them: several in a file, checked before the hub sees any. */
import { required } from '../../../base/parameter.ts'
import { fileOrStandard, text } from '../../../base/value-kind.ts'
import type { Role } from '../../../policy/role.ts'
import type { Invocation } from '../../invocation.ts'
import { fileName, readTextFile } from '../../text-file.ts'

export const fromFileParameter = {
  fromFile: required(fileOrStandard, {
    help: 'a file of role documents in YAML; - is standard input',
    short: 'f',
  }),
}

export const roleNameParameter = { name: required(text('NAME'), { help: "the role's name" }) }

export interface RoleDocument {
  readonly role: Role
  /** The document of this role alone. */
  readonly document: string
}

/** @throws PolicyError with the file, line and key of every problem; CliError */
export async function readRoleDocuments(
  path: string,
  invocation: Invocation,
): Promise<readonly RoleDocument[]> {
  const source = await readTextFile(path, invocation)
  const { formatRole, parseRoleDocuments } = await import('../../../policy/role-document.ts')
  return parseRoleDocuments(source, fileName(path)).map((role) => ({
    role,
    document: formatRole(role),
  }))
}
