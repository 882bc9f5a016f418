/**
 * The hook that PAM runs, as root, when sshd opens and closes a session. sshd waits for it, so it
 * only leaves a record in the spool: no other program is started, and no agent is asked.
 *
 * The record's name is unique: sshd's monitor process, by its number and start, has one session. Its
 * last line tells that it is whole.
 */
export const RECORD_HEADER = 'mezite session record 2'
export const RECORD_END = 'end'

/** More than this many unread records are those of an agent that won't come back. */
const MOST_RECORDS = 20_000

/** @param spool absolute, of ordinary characters only */
export function sessionHook(spool: string): string {
  return `#!/bin/sh
# Written by mezd node: tells the agent of sessions. PAM runs it for sshd.
case \${SSH_AUTH_INFO_0-} in *-cert-v01@openssh.com*) ;; *) exit 0 ;; esac
case \${PAM_TYPE-} in open_session | close_session) ;; *) exit 0 ;; esac
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
spool='${spool}'
[ -d "$spool" ] || mkdir -p "$spool" || exit 0
set -- "$spool"/*
[ $# -lt ${MOST_RECORDS} ] || exit 0
read -r stat <"/proc/$PPID/stat" || exit 0
set -f
set -- \${stat##*) }
set -C
printf '%s\\n' '${RECORD_HEADER}' "$PAM_TYPE" "$PAM_USER" "\${PAM_RHOST-}" "$PPID" "\${20}" \\
  "\${SSH_CONNECTION-}" "$SSH_AUTH_INFO_0" '${RECORD_END}' >"$spool/$PPID.\${20}.$PAM_TYPE"
exit 0
`
}
