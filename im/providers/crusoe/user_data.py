"""What a person's script becomes at Crusoe, which runs a startup script at every boot: one that runs it at the first alone.

https://docs.crusoecloud.com/compute/virtual-machines/managing-lifecycle-scripts
"""

from __future__ import annotations

import base64

from im.domain.errors import Refused

MOST = 48 * 1024
"""Bytes; nothing published says how much Crusoe takes, and so much it will."""
_BEFORE = """\
#!/bin/bash
# im: the script below runs at the first start of this machine alone
kept=/var/lib/im/user-data
[ -e "$kept" ] && exit 0
mkdir -p /var/lib/im && base64 -d > "$kept" <<'IM' && chmod 700 "$kept" && exec "$kept"
"""
_AFTER = "\nIM\n"


def check_script(content: bytes | None) -> None:
    """Raises Refused for what is too much, and for what is no script."""
    if content is None:
        return
    if len(content) > MOST:
        raise Refused(
            f"im gives Crusoe at most 48 KiB of user data, and this has {len(content)} bytes", "make it smaller"
        )
    if content.lstrip().startswith((b"#cloud-config", b"Content-Type:", b"MIME-Version:")):
        raise Refused(
            "Crusoe runs user data as a script, and does not read cloud-init's own forms", "write a script: #!/bin/bash"
        )


def once(content: bytes) -> str:
    return f"{_BEFORE}{base64.b64encode(content).decode()}{_AFTER}"
