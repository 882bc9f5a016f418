/**
 * The program that a login's line forces where its role says `file_copy: false`. It runs as the
 * login, in place of what the client asked for, and passes that on unless it copies files.
 *
 * It is a fence, not a wall: whoever may run any command can also have one print a file. Where that
 * matters the role forces a command of its own.
 */
export const NO_FILE_COPY = `#!/bin/sh
# Written by mezd node: runs what a client asks for, except the servers of scp, sftp and rsync.
set -f
IFS=' 	
;&|()<>"'"'"
server=
for word in \${SSH_ORIGINAL_COMMAND-}; do
  case \${word##*/} in
    sftp-server | internal-sftp) server=sftp ;;
    scp) server=scp? ;;
    rsync) server=rsync? ;;
    --server) [ "$server" != rsync? ] || server=rsync ;;
    --*) ;;
    -*[tf]*) [ "$server" != scp? ] || server=scp ;;
    -*) ;;
    *) server= ;;
  esac
  case $server in
    sftp | scp | rsync)
      echo "file copy ($server) is not granted for this login" >&2
      exit 1
      ;;
  esac
done
unset IFS server word
set +f
if [ -n "\${SSH_ORIGINAL_COMMAND-}" ]; then
  exec "\${SHELL:-/bin/sh}" -c "$SSH_ORIGINAL_COMMAND"
fi
exec "\${SHELL:-/bin/sh}" -l
`
