/** sshd's own judgement of a configuration, before anything rests on it. */
import { NodeError } from './errors.ts'
import type { Programs } from './programs.ts'
import { type EffectiveSettings, parseEffective } from './sshd-config.ts'

/** @throws NodeError `sshd-refused` with sshd's own words */
export async function checkConfig(
  programs: Programs,
  sshd: string,
  configPath: string,
): Promise<void> {
  await ask(programs, sshd, ['-t', '-f', configPath])
}

/** What sshd makes of a configuration, where no `Match` applies. @throws NodeError `sshd-refused` */
export async function effectiveSettings(
  programs: Programs,
  sshd: string,
  configPath: string,
): Promise<EffectiveSettings> {
  return parseEffective(await ask(programs, sshd, ['-T', '-f', configPath]))
}

async function ask(programs: Programs, sshd: string, parameters: readonly string[]) {
  const { code, stdout, stderr } = await programs.run(sshd, parameters)
  if (code === 0) return stdout
  const said = stderr.trim().split('\n').slice(0, 3).join('; ') || `exit status ${code}`
  throw new NodeError('sshd-refused', `sshd doesn't accept its configuration: ${said}`, {
    hint: `try it: ${sshd} ${parameters.join(' ')}`,
  })
}
