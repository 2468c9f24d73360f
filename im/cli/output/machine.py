"""What was wished of a machine beyond type, zone and image, in the words that people read."""

from __future__ import annotations

from im.domain.instance import public_ip_of
from im.domain.spec import firewall
from im.domain.spec.disk import disks_of
from im.domain.spec.spec import Spec, tags_of
from im.domain.spec.spot import spot_of
from im.views.machine import user_data_bytes


def machine_lines(spec: Spec) -> list[tuple[str, str]]:
    """(title, what) of everything that was wished beyond type, zone and image."""
    rules = firewall.rules_of(spec)
    lines = [] if rules is None else [("open", firewall.sentence(rules))]
    lines += _address(spec)
    if "disks" in spec.options:
        root, *more = disks_of(spec)
        lines.append(("disk", root.sentence))
        lines += [("volume", disk.sentence) for disk in more]
    if (spare := spot_of(spec)) is not None:
        lines.append(("spot", spare.sentence))
    if role := spec.options.get("iam_role"):
        lines.append(("role", str(role)))
    if spec.options.get("hibernate"):
        lines.append(("stop", "keeps its memory: it hibernates where it can"))
    if tags := tags_of(spec):
        lines.append(("tags", ", ".join(f"{key}={value}" for key, value in tags.items())))
    if size := user_data_bytes(spec):
        lines.append(("user data", f"{size:,} bytes, kept apart until it is launched, then erased"))
    return lines


def _address(spec: Spec) -> list[tuple[str, str]]:
    """What is known of its public address, where that is not the usual."""
    match public_ip_of(spec):
        case True:
            return [("address", "a public one, whatever its subnet does")]
        case False:
            return [("address", "none that is public: only who is in its network reaches it, and it reaches them")]
        case None if spec.options.get("subnet") or spec.options.get("vpc"):
            return [
                ("address", "a public one if its subnet gives it one, and priced so; --public-ip yes or no decides")
            ]
    return []
