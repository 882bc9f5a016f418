/**
 * The hook's line in a service file of PAM, put in front of what is there and taken out again to the
 * byte. At the front no other line can skip it, and `optional` lets no login depend on it.
 */
const MARKER = '# mezd node tells its hub of sessions; `mezd node leave` removes these two lines.\n'

function block(hook: string): string {
  return `${MARKER}session optional pam_exec.so quiet ${hook}\n`
}

export function withHook(service: string, hook: string): string {
  return block(hook) + withoutHook(service)
}

const HOOK = /^session optional pam_exec\.so quiet /

/** Takes every one of the hook's lines out, wherever they have moved to, and touches no other. */
export function withoutHook(service: string): string {
  const lines = service.split(/(?<=\n)/)
  const isOurs = (line: string, at: number) =>
    line === MARKER || (lines[at - 1] === MARKER && HOOK.test(line))
  return lines.filter((line, at) => !isOurs(line, at)).join('')
}
