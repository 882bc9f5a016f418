/** `msh ssh NODE -- true` and `ssh` with the same certificate, at the same sshd. */
import { userInfo } from 'node:os'
import { temporaryAccount } from '../../test/e2e/harness/account.ts'
import { TemporaryDirectory } from '../../test/e2e/harness/directory.ts'
import { programPath } from '../../test/e2e/harness/requirements.ts'
import { CHECKOUT, runOk } from '../../test/e2e/harness/run.ts'
import { startSshd } from '../../test/e2e/harness/sshd.ts'
import { commandTime } from '../measure/command-time.ts'
import { interleavePair } from '../measure/interleave.ts'
import { type Bench, rowOf } from '../row.ts'
import { startBenchHub } from '../scene/hub.ts'

export const mshSsh: Bench = {
  name: 'msh-ssh',
  async run({ quick }) {
    using account = loginAccount()
    using directory = new TemporaryDirectory('mezite-bench-')
    await using hub = await startBenchHub({ directory, logins: [account.name] })
    const { env } = hub
    const destination = directory.join('certs')
    await runOk(
      [
        ...[`${CHECKOUT}/bin/mezd`, 'identity', 'start', '--one-shot'],
        ...[`--auth-server=${hub.address}`, `--join-token=${await hub.addBot('ci', 1)}`],
        `--destination=${destination}`,
      ],
      { env },
    )
    const userCa = await hub.mezctl('ca', 'export', '--type=user')
    await using sshd = await startSshd({ userCas: [userCa] })

    const host = sshd.address
    const msh = [
      ...[`${CHECKOUT}/bin/msh`, 'ssh', `--identity=${destination}`],
      ...[`--known-hosts=${sshd.knownHostsFile}`, `--login=${account.name}`],
      ...['-p', String(sshd.port), host, '--', 'true'],
    ]
    const ssh = [
      ...[programPath('ssh'), '-F', 'none', '-i', `${destination}/ssh_key`],
      ...['-o', `CertificateFile=${destination}/ssh_key-cert.pub`, '-o', 'IdentitiesOnly=yes'],
      ...['-o', `UserKnownHostsFile=${sshd.knownHostsFile}`, '-o', 'BatchMode=yes'],
      ...['-p', String(sshd.port), `${account.name}@${host}`, '--', 'true'],
    ]
    const pair = await interleavePair(
      quick ? 5 : 21,
      () => commandTime(msh, { env }),
      () => commandTime(ssh, { env }),
    )
    return [
      rowOf({
        what: 'msh ssh NODE -- true',
        unit: 'ms',
        against: 'ssh with the same certificate',
        ...pair,
        budget: { atMost: 1.3 },
      }),
    ]
  },
}

/** As root an account made for this, else the user's own. */
function loginAccount(): { readonly name: string } & Disposable {
  const { uid, username } = userInfo()
  return uid === 0 ? temporaryAccount() : { name: username, [Symbol.dispose]() {} }
}
