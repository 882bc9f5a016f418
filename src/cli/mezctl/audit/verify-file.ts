/** Verifies a file of audit events, line by line: of a million it holds one. */
import { createReadStream } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { parseCheckpoint } from '../../../auth/audit-checkpoint.ts'
import { AuditDamage } from '../../../auth/audit-damage.ts'
import { type AuditFileVerifier, createAuditFileVerifier } from '../../../auth/audit-file.ts'
import { messageOf, systemErrorCode } from '../../../base/errors.ts'
import { parsePublicKeyLine, type SshPublicKey } from '../../../ssh/public-key.ts'
import { CliError } from '../../cli-error.ts'
import type { Invocation } from '../../invocation.ts'
import { fileName, readTextFile } from '../../text-file.ts'
import { counted } from '../wire-values.ts'
import { createProgress } from './progress.ts'
import type { Passed } from './verify.ts'

/** In characters. An event has some hundreds. */
const LONGEST_LINE = 1024 * 1024

/** @throws AuditDamage, CliError */
export async function verifyFile(
  path: string,
  publicKey: string,
  held: string | undefined,
  invocation: Invocation,
): Promise<Passed> {
  const key = await readAuditKey(publicKey, invocation)
  const parsed = held === undefined ? undefined : parseCheckpoint(held)
  const verifier = createAuditFileVerifier([key], parsed?.checkpoint)
  await takeLines(path, verifier, invocation)
  const { header, signed, begins, first, last, events, checkpoints } = verifier.end()
  if (parsed && parsed.clusterId !== header.clusterId) throw otherCluster(parsed.clusterId)
  if (!signed) {
    throw new AuditDamage('unsigned', undefined, 'nothing in this file is signed by the hub', {
      hint: 'export it anew, or wait for the next checkpoint: it comes within five minutes',
    })
  }
  return {
    ...{ begins, first, last, events, checkpoints },
    ...{ signedThrough: signed.sequence, signedAt: signed.time },
  }
}

/** @throws CliError `malformed-file` */
export async function readAuditKey(path: string, invocation: Invocation): Promise<SshPublicKey> {
  const text = await readTextFile(path, invocation)
  try {
    return parsePublicKeyLine(text).key
  } catch (cause) {
    throw new CliError('malformed-file', `${fileName(path)} is not a public key`, {
      hint: 'mezctl audit key prints it',
      cause,
    })
  }
}

async function takeLines(
  path: string,
  verifier: AuditFileVerifier,
  invocation: Invocation,
): Promise<void> {
  const progress = createProgress(invocation)
  const source = path === '-' ? invocation.stdin : createReadStream(path)
  const decoder = new StringDecoder('utf8')
  let lines = 0
  let rest = ''
  try {
    for await (const chunk of source) {
      const text = rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))
      let begin = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
        verifier.line(text.slice(begin, end + 1))
        begin = end + 1
        lines += 1
      }
      rest = text.slice(begin)
      if (rest.length > LONGEST_LINE) verifier.line(rest)
      progress.show(counted(lines, 'line'))
    }
    verifier.rest(rest + decoder.end())
  } catch (cause) {
    if (systemErrorCode(cause) === undefined || cause instanceof AuditDamage) throw cause
    throw new CliError('file-unreadable', `can't read ${path}: ${messageOf(cause)}`, { cause })
  } finally {
    progress.clear()
  }
}

function otherCluster(clusterId: string): CliError {
  return new CliError('malformed-file', `the checkpoint is of another cluster: ${clusterId}`)
}
