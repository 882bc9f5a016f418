import { formatTime } from '../../../base/clock.ts'
import { systemFileSystem } from '../../../base/file-system.ts'
import { optional } from '../../../base/parameter.ts'
import { duration } from '../../../base/value-kind.ts'
import { becomeOwnerOf } from '../../as-owner.ts'
import { formatJson, formatParameter } from '../../output-format.ts'
import { defineVerb } from '../../verb.ts'
import { destinationParameter } from './destination-parameter.ts'

export const identityWait = defineVerb({
  name: 'wait',
  summary: 'wait until a valid certificate is published',
  description:
    "Ends with 0 once the destination has a certificate that is valid by this machine's clock, together with its key; at once where it has. With --timeout it ends with 7 when that takes longer, and says why. For scripts, and for services that need the certificate from their start on.",
  parameters: {
    destination: destinationParameter,
    timeout: optional(duration, {
      help: 'give up after so long',
      defaultText: 'for as long as it takes',
    }),
    ...formatParameter,
  },
  examples: [
    {
      command: 'mezd identity wait --destination=/var/lib/mezite/identity/certs --timeout=1m',
      does: 'wait, a minute at most',
    },
  ],
  seeAlso: ['mezd identity start', 'mezd identity status'],
  async run({ destination, timeout, format }, { clock, signal, stdout, uid }) {
    await becomeOwnerOf(destination, uid)
    const { validityOf, waitForCertificate } = await import('../../../identity/published.ts')
    const certificate = await waitForCertificate({
      fs: systemFileSystem,
      ...{ clock, destination, timeoutMs: timeout, signal },
    })
    const validBefore = formatTime(validityOf(certificate).validBefore)
    const serial = String(certificate.serial)
    stdout.write(
      format === 'json'
        ? formatJson({ destination, serial, valid_before: validBefore })
        : `The certificate in ${destination} is valid until ${validBefore}\n`,
    )
  },
})
