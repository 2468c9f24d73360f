"""The image's own sshd, as whoever runs in the pod: for one connection on its input, or on a port where one is asked for.

Nothing of the image's configuration is read. The host key is made once and lies with the disk, so that it stays the same; who may
log in, the pod was told by its annotation. Without root it takes only the user that it runs as, who has to have a name: `PASSWD`.
"""

from __future__ import annotations

PORT = 2222
"""Any above 1024 is open to whoever is not root."""
USER, HOME, SHELL = "im", "/home/im", "/home/im/.im/shell"
PASSWD = f"""\
root:x:0:0:root:/root:/bin/sh
{USER}:x:1000:1000:{USER}:{HOME}:{SHELL}
nobody:x:65534:65534:nobody:/:/sbin/nologin
"""
"""Stands in a pod that is not root in place of the image's, which knows no user 1000, or one whose home is not the disk."""
NAMED = f"""\
printf '%s\\n' '#!/bin/sh' 'b=$(command -v bash || echo /bin/sh)' '[ $# = 0 ] && exec "$b" -l' 'exec "$b" "$@"' > {SHELL}
chmod 755 {SHELL}
if [ "$(id -u)" = 0 ] && ! grep -q '^{USER}:' /etc/passwd; then
  echo '{USER}:x:0:0:{USER}:{HOME}:{SHELL}' >> /etc/passwd
fi
"""
"""Run as the pod starts: whoever logs in has a shell, and root has that name too."""
_OPTIONS = (
    "-e -f /dev/null",
    '-o HostKey="$d/key"',
    '-o AuthorizedKeysFile="$HOME/.ssh/authorized_keys"',
    "-o AuthenticationMethods=publickey",
    "-o StrictModes=no",  # a disk's group may write
    "-o PidFile=none",
    '-o Subsystem="sftp internal-sftp"',
)


def script(how: str) -> str:
    """For `/bin/sh -c`. `how`: sshd's own words for where its connections come from."""
    return f"""\
umask 077
d="$HOME/.im/sshd"; mkdir -p "$d"
s=$(command -v sshd || ls /usr/sbin/sshd /usr/sbin/sshd.pam 2>/dev/null | head -n 1)
if [ -z "$s" ]; then echo "im: this image has no sshd; im ssh NAME, without arguments for ssh, needs none" >&2; exit 127; fi
if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; fi
if [ ! -f "$d/key" ]; then
  ssh-keygen -q -t ed25519 -N "" -f "$d/key.$$" < /dev/null >&2 && ln "$d/key.$$" "$d/key" 2>/dev/null
  rm -f "$d/key.$$" "$d/key.$$.pub"
fi
chmod 600 "$d/key"
exec "$s" {how} {" ".join(_OPTIONS)}"""


ONCE = script("-i -o LogLevel=ERROR")
ON_ITS_PORT = script(f"-D -p {PORT}")
