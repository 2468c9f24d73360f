"""Whether this process belongs to a user that only numbers name."""

import grp
import os


def nameless() -> bool:
    """Not root, and of a group that no file names: a dynamic user of systemd, a number in a container."""
    try:
        grp.getgrgid(os.getegid())
    except KeyError:
        return os.geteuid() != 0
    return False
