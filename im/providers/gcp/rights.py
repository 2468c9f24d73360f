"""What `im` is allowed to do at Google Cloud, and no more: the permissions of its custom role (docs/clouds/gcp.md)."""

from __future__ import annotations

ACT_AS = "iam.serviceAccounts.actAs"
"""On the guard's service account alone, never on the project."""
GUARD_PERMISSIONS = (
    "cloudtasks.queues.get",
    "cloudtasks.tasks.create",
    "cloudtasks.tasks.delete",
    "cloudtasks.tasks.list",
)
"""What it takes beside those below to set guards."""
PERMISSIONS = (
    "compute.disks.create",
    "compute.disks.delete",
    "compute.disks.list",
    "compute.disks.setLabels",
    "compute.firewalls.create",
    "compute.firewalls.delete",
    "compute.firewalls.list",
    "compute.images.useReadOnly",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.get",
    "compute.instances.list",
    "compute.instances.resume",
    "compute.instances.setDeletionProtection",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setTags",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.instances.suspend",
    "compute.machineTypes.list",
    "compute.networks.updatePolicy",
    "compute.projects.get",
    "compute.regions.get",
    "compute.snapshots.useReadOnly",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "compute.zoneOperations.get",
    "compute.zoneOperations.list",
)
