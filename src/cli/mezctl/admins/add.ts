import { optional, required } from '../../../base/parameter.ts'
import { duration, file, text } from '../../../base/value-kind.ts'
import type { AdminClient } from '../../../client/admin-client.ts'
import type { Admin } from '../../../gen/mezite/v1/admin_pb.js'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import type { AdminIdentity } from '../admin-identity.ts'
import { type CallOptions, hubParameters, withHub } from '../connection.ts'
import { timeText, toSeconds } from '../wire-values.ts'
import { adminJson } from './view.ts'

export const adminsAdd = defineVerb({
  name: 'add',
  summary: 'make an admin identity for use elsewhere',
  description:
    "Makes an identity with which mezctl administers this hub from another machine. The private key is generated here and goes into the new file only (mode 0600), with the certificate, the cluster's TLS CA and the hub's address.",
  parameters: {
    name: required(text('NAME'), { help: 'whose identity it is, as the audit log names it' }),
    out: required(file, { help: 'the file to create; never overwritten' }),
    ttl: optional(duration, { help: 'how long it is valid', defaultText: "the hub's default" }),
    ...formatParameter,
    ...hubParameters,
  },
  positional: ['name'],
  examples: [
    {
      command: 'mezctl admins add alice --out alice.mezite --ttl=30d',
      does: "on the hub's machine",
    },
    { command: 'mezctl bots ls --identity-file alice.mezite', does: 'on hers' },
  ],
  seeAlso: ['mezctl admins ls', 'mezctl admins rm'],
  async run(values, invocation) {
    const { createIdentityFile } = await import('../admin-identity.ts')
    let admin: Admin | undefined
    await withHub(values, invocation, (hub, options) =>
      createIdentityFile(values.out, async () => {
        const issued = await issue(hub, values, options)
        admin = issued.admin
        return issued.identity
      }),
    )
    const { format, name, out } = values
    const until = timeText(admin?.expiresAt)
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ admin: admin ? adminJson(admin) : null, file: out })
        : `Admin added: ${printable(name)} (expires: ${until})\nIdentity file: ${printable(out)}\n\nUse it from anywhere:\nmezctl status --identity-file=${printable(out)}\n`,
    )
  },
})

async function issue(
  hub: AdminClient,
  { name, ttl }: { readonly name: string; readonly ttl: number | undefined },
  options: CallOptions,
): Promise<{ admin: Admin | undefined; identity: AdminIdentity }> {
  const { generateKeyPairSync } = await import('node:crypto')
  const { parseAddress } = await import('../../../base/address.ts')
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const answer = await hub.admins.createAdmin(
    {
      name,
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
      ...(ttl !== undefined && { ttl: toSeconds(ttl) }),
    },
    options,
  )
  const identity: AdminIdentity = {
    hub: parseAddress(answer.publicAddress),
    trust: { kind: 'tls-ca', certificates: answer.tlsCa.map((der) => Buffer.from(der)) },
    credential: { certificate: Buffer.from(answer.certificate), privateKey },
  }
  return { admin: answer.admin, identity }
}
