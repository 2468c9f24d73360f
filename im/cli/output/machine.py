"""What was wished of a machine beyond type, zone and image, in the words that people read."""

from __future__ import annotations

from im.domain.spec import firewall
from im.domain.spec.spec import PLAIN_DISKS, Spec
from im.views.machine import user_data_bytes


def machine_lines(spec: Spec) -> list[tuple[str, str]]:
    """(title, what) of everything that was wished beyond type, zone and image."""
    rules = spec.firewall
    lines = [] if rules is None else [("open", firewall.sentence(rules))]
    lines += _address(spec)
    if spec.disks != PLAIN_DISKS:
        root, *more = spec.disks
        lines.append(("disk", root.sentence))
        lines += [("volume", disk.sentence) for disk in more]
    if (spare := spec.spot) is not None:
        lines.append(("spot", spare.sentence))
    if role := spec.provider_options.get("iam_role"):
        lines.append(("role", str(role)))
    if spec.hibernate:
        lines.append(("stop", "keeps its memory: it hibernates where it can"))
    if tags := spec.tags:
        lines.append(("tags", ", ".join(f"{key}={value}" for key, value in tags.items())))
    if size := user_data_bytes(spec):
        lines.append(("user data", f"{size:,} bytes, kept apart until it is launched, then erased"))
    return lines


def _address(spec: Spec) -> list[tuple[str, str]]:
    """What is known of its public address, where that is not the usual."""
    match spec.public_ip:
        case True:
            return [("address", "a public one, whatever its subnet does")]
        case False:
            return [("address", "none that is public: only who is in its network reaches it, and it reaches them")]
        case None if spec.provider_options.get("subnet") or spec.provider_options.get("vpc"):
            return [
                ("address", "a public one if its subnet gives it one, and priced so; --public-ip yes or no decides")
            ]
    return []
