# The first process of a machine that systemd runs, in namespaces of its own:
#
#     systemd-machine.sh CHECKOUT CGROUP
#
# CGROUP is a directory of the unified hierarchy, for this machine alone. The checkout, wherever it is,
# is in /opt/mezite here. Whatever is written below the directories that follow stays in this machine,
# and goes with it.
set -eu

if [ "${3:-}" != inside ]; then
  echo $$ >"$2/cgroup.procs"
  exec unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child --propagation private -- \
    /bin/sh "$0" "$1" "$2" inside
fi

hostname systemd-machine
mount -t proc proc /proc
ip link set lo up
umount -R -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=0755 tmpfs /mnt
# Files that vanish meanwhile belong to other tests.
cp -a /etc /mnt/etc 2>/dev/null || [ -e /mnt/etc/passwd ]
rm -f /mnt/etc/pam.d/mezite-*
# Whoever was making an account outside just then isn't doing so in here.
rm -f /mnt/etc/*.lock
mount --bind /mnt/etc /etc
mount -t tmpfs -o mode=0755 tmpfs /opt
mkdir /opt/mezite
mount --bind "$1" /opt/mezite
for directory in /home /run /var/lib /var/log /etc/systemd/system /usr/lib/systemd/system; do
  mount -t tmpfs -o mode=0755 tmpfs "$directory"
done
mount -t tmpfs -o mode=1777 tmpfs /tmp

rm -rf /etc/ssh /etc/mezite
# Another test may have an account of this name outside.
for name in mezite deploy; do
  if id "$name" >/dev/null 2>&1; then userdel --force "$name"; fi
done
mkdir -m 0700 /run/administrator
mkdir -p /etc/ssh/sshd_config.d /etc/mezite /run/log /run/sshd /run/systemd/system/service.d
useradd --system --uid 61210 mezite
useradd --create-home --uid 61211 --shell /bin/sh --password '*' deploy
ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key
cat >/etc/ssh/sshd_config <<'END'
Include /etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
END
# systemd's own session module waits for a bus that isn't here.
sed -i '/pam_systemd/d' /etc/pam.d/common-session
cat >/run/systemd/system/ssh.service <<'END'
[Service]
Type=notify
ExecStart=/usr/sbin/sshd -D
ExecReload=/bin/kill -HUP $MAINPID
KillMode=process
END
# The units of a machine that does nothing else.
for target in machine sysinit basic shutdown multi-user network network-online; do
  printf '[Unit]\nDefaultDependencies=no\n' >"/usr/lib/systemd/system/$target.target"
done
# There is no journal here.
cat >/run/systemd/system/service.d/log.conf <<'END'
[Service]
StandardOutput=append:/run/log/%N.log
StandardError=append:/run/log/%N.log
END
export container=mezite
exec /lib/systemd/systemd --system --unit=machine.target --log-target=console --show-status=no
