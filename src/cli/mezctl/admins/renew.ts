import { CliError } from '../../cli-error.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { printable } from '../../printable.ts'
import { defineVerb } from '../../verb.ts'
import { hubParameters, withHub } from '../connection.ts'
import { timeText } from '../wire-values.ts'
import { adminJson } from './view.ts'

export const adminsRenew = defineVerb({
  name: 'renew',
  summary: 'bring an admin identity up to date with the TLS CA',
  description:
    "Has the key of an admin identity certified anew by the TLS CA that signs now, until the same time, and puts the cluster's TLS CAs into the file. While the TLS CA is rotated each admin does so once, from update-clients on.",
  parameters: { ...formatParameter, ...hubParameters },
  examples: [
    { command: 'mezctl admins renew --identity-file alice.mezite', does: 'on her machine' },
  ],
  seeAlso: ['mezctl ca rotate', 'mezctl ca status', 'mezctl admins add'],
  async run(values, invocation) {
    const { identityFile: path, format } = values
    if (path === undefined) {
      throw new CliError('usage', 'there is no admin identity to renew', {
        hint: "name its file with --identity-file; on the hub's machine none is needed",
      })
    }
    const { readAdminIdentity, replaceIdentityFile } = await import('../admin-identity.ts')
    const { spkiOfPrivateKey } = await import('../../../x509/public-key.ts')
    const before = await readAdminIdentity(path)
    const publicKey = spkiOfPrivateKey(before.credential.privateKey)
    const { admin, certificate, tlsCa } = await withHub(values, invocation, (hub, options) =>
      hub.admins.renewAdmin({ publicKey }, options),
    )
    await replaceIdentityFile(path, {
      ...before,
      trust: { kind: 'tls-ca', certificates: tlsCa.map((der) => Buffer.from(der)) },
      credential: { ...before.credential, certificate: Buffer.from(certificate) },
    })
    invocation.stdout.write(
      format === 'json'
        ? formatJson({ admin: admin ? adminJson(admin) : null, file: path })
        : `Identity renewed: ${printable(path)} (expires: ${timeText(admin?.expiresAt)})\n`,
    )
  },
})
