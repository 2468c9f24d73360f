"""What `im create` takes for AWS alone."""

from __future__ import annotations

from im.providers.request import Flag

FLAGS = (
    Flag(
        "security-group",
        "SG",
        "A group of your own, instead of --ssh-from and --open; repeatable.",
        repeatable=True,
        lets_in=True,
    ),
    Flag("iam-role", "PROFILE", "The instance profile that lends it its rights."),
    Flag("kms-key", "KEY", "What encrypts the disks, instead of the account's own key."),
)
