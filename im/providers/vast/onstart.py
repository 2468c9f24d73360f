"""What a container runs at each of its starts: who may log in, that ssh needs no terminal, and once what a person gave it.

The key goes in here and not into Vast's account: that one's keys are the person's own, and reach every instance. An image's own
sshd reads the same file (skypilot#6514). Vast takes 4,048 characters (https://docs.vast.ai/api-reference/instances/create-instance).
"""

from __future__ import annotations

import base64
import gzip

from im.domain.errors import Refused

LONGEST = 4048
_START = """mkdir -p /root/.ssh && touch /root/.no_auto_tmux
grep -qF '{key}' /root/.ssh/authorized_keys 2>/dev/null || echo '{key}' >> /root/.ssh/authorized_keys
chmod 700 /root/.ssh && chmod 600 /root/.ssh/authorized_keys
"""
_ONCE = """F=/root/.user-data
[ -e $F ] || {{ echo {data} | base64 -d | gunzip > $F && chmod 700 $F && $F; }}
"""


def script(public_key: str, user_data: bytes | None) -> str:
    """`public_key`: checked, so that nothing in it means anything to a shell."""
    text = _START.format(key=public_key)
    if user_data is None:
        return text
    packed = base64.b64encode(gzip.compress(user_data, mtime=0)).decode()
    return text + _ONCE.format(data=packed)


def check(public_key: str, user_data: bytes | None) -> None:
    """Raises Refused for more than a container can be told."""
    told = len(script(public_key, user_data))
    if told > LONGEST:
        raise Refused(
            f"Vast takes {LONGEST} characters of what a container runs at its start, and this comes to {told}",
            "make the user data smaller: let it fetch the rest",
        )
