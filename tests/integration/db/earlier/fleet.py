"""What a fleet has in every table that there was or is; each schema takes the columns that it knows.

`N` stands for the schema's number, so that the fleets of all schemas can stand beside each other in one database.
"""

from __future__ import annotations

from typing import Any

from tests.integration.db.earlier.people import LATER, MADE, NOW, PEOPLE, SOON, Row

SPEC = '{"image": "fake-image", "instance_type": "fake.small", "public_key": "ssh-ed25519 AAAA-key-N ada"}'


def instance(name: str, **values: Any) -> Row:
    return {
        "id": f"im-{name}-N",
        "name": f"{name}-N",
        "owner": "ada",
        "scope_id": "N",
        "spec": SPEC,
        "created_at": MADE,
        "desired": "running",
        "why": "user",
        "by": "ada",
        "expires_at": SOON,
        "on_expiry": "stop",
        "generation": 2,
        "settled_generation": 2,
        "observed": "running",
        "observed_at": NOW,
        "provider_id": f"i-{name}-N",
        "zone": "fake-1a",
        "public_ip": "203.0.113.7",
        "launched_at": MADE,
        "launch_token": "token-N",
        **values,
    }


FLEET: dict[str, list[Row]] = {
    **PEOPLE,
    "scopes": [
        {
            "id": "N",
            "provider": "fake",
            "account": "default",
            "region": "fake-N",
            "cloud_account": "111122223333",
            "refreshed_at": NOW,
            "clock_skew": 0.25,
        }
    ],
    "launches": [
        {
            "token": "token-N",
            "scope_id": "N",
            "spec": SPEC,
            "slots": "{im-web-N,im-asleep-N,im-gone-N}",
            "names": "{web-N,asleep-N,gone-N}",
            "state": "done",
            "created_at": MADE,
            "called_at": MADE,
            "next_attempt_at": MADE,
        },
        {
            "token": "asked-N",
            "scope_id": "N",
            "spec": SPEC,
            "slots": "{im-asked-N}",
            "names": "{asked-N}",
            "state": "open",
            "created_at": NOW,
            "next_attempt_at": NOW,
        },
    ],
    "instances": [
        instance("web", protected=True, protected_at_cloud=True),
        instance(
            "asleep",
            desired="stopped",
            why="ttl",
            by="ttl",
            observed="stopped",
            expires_at="2030-01-01 11:00:00+00",
            public_ip=None,
            keep_stopped=86400,
            ends_at="2030-01-02 11:00:00+00",
        ),
        instance("gone", desired="terminated", observed="terminated", closed_at="2030-01-01 11:30:00+00"),
        instance(
            "asked",
            settled_generation=0,
            generation=1,
            observed="none",
            provider_id=None,
            launched_at=None,
            launch_token="asked-N",
            on_expiry="terminate",
        ),
    ],
    "events": [
        {
            "instance_id": "im-web-N",
            "at": MADE,
            "kind": "created",
            "actor": "ada",
            "reason": "for 2h",
            "generation": 1,
            "channel": "cli",
        },
        {
            "instance_id": "im-web-N",
            "at": NOW,
            "kind": "extended",
            "actor": "bob",
            "reason": "to 14:30:00 UTC",
            "generation": 2,
            "detail": '{"by": 9000}',
        },
    ],
    "holds": [{"kind": "pause", "since": NOW, "until": SOON, "by": "ada", "reason": "incident 7"}],
    "ticks": [{"name": "refresh N", "slot": 7, "claimed_at": NOW}],
    "rates": [{"scope_id": "N", "verb": "launch", "tokens": 3.5, "at": NOW}],
    "orphans": [
        {
            "scope_id": "N",
            "provider_id": "i-orphan-N",
            "first_seen_at": MADE,
            "last_seen_at": NOW,
            "state": "running",
            "tags": '{"Name": "lost"}',
            "because": "no row has it",
        }
    ],
    "usage": [
        {
            "instance_id": "im-web-N",
            "kind": "run",
            "number": 1,
            "began_at": MADE,
            "began_exactly": True,
            "not_before": MADE,
            "sure_until": NOW,
            "address": True,
            "disk_gb": 8,
            "disk_type": "gp3",
        }
    ],
    "deadlines": [
        {"instance_id": "im-web-N", "since": MADE, "number": 1, "expires_at": NOW},
        {"instance_id": "im-web-N", "since": NOW, "number": 2, "expires_at": SOON},
    ],
    "prices": [
        {
            "provider": "fake",
            "region": "fake-N",
            "item": "fake.small",
            "market": "on-demand",
            "since": MADE,
            "usd": "0.0832",
            "source": "ada",
            "fetched_at": MADE,
        }
    ],
    "budgets": [{"owner": "ada-N", "usd_per_month": "250.00", "set_by": "ada", "set_at": MADE}],
    "notices": [
        {
            "instance_id": "im-web-N",
            "expires_at": SOON,
            "stage": 3600,
            "channel": "slack",
            "state": "pending",
            "created_at": NOW,
            "next_attempt_at": NOW,
        }
    ],
    "guards": [{"instance_id": "im-web-N", "kind": "scheduler", "grace": 3600, "told_at": SOON, "asked_at": NOW}],
    "user_data": [{"id": "data-N", "content": "\\x23212f62696e2f7368", "created_at": MADE}],
    "surveys": [{"scope_id": "N", "asked_at": MADE, "answered_at": NOW}],
    "leftovers": [
        {
            "scope_id": "N",
            "provider_id": "sg-N",
            "kind": "firewall",
            "name": "im-fw",
            "detail": "unused",
            "seen_at": NOW,
            "condemned_at": NOW,
            "condemned_by": "ada",
        }
    ],
    "nameless": [{"instance_id": "im-web-N", "due_at": NOW}],
    "shards": [{"scope_id": "N", "zone": "fake-1a", "refreshed_at": NOW}],
    "refusals": [
        {"worker": "one", "scope_id": "N", "since": MADE, "last_at": NOW, "code": "forbidden", "error": "not allowed"}
    ],
    "marks": [
        {
            "scope_id": "N",
            "place": "127.0.0.1 5432 /data",
            "started": MADE,
            "mark": "000001-20300101115930-20300101100000000000-aa",
            "before": "000001-20300101115900-20300101100000000000-bb",
            "machine": "i-web-N",
        }
    ],
    "webhooks": [
        {
            "id": "hook-N",
            "name": "bot",
            "url": "https://bot.example.com",
            "owner": "ada-N",
            "kinds": "{expired}",
            "made_at": MADE,
            "made_by": "ada-N",
        }
    ],
    "webhook_secrets": [{"webhook_id": "hook-N", "secret": "whsec_N", "made_at": MADE}],
    "webhook_deliveries": [
        {
            "id": "msg-N",
            "webhook_id": "hook-N",
            "kind": "expired",
            "instance_id": "im-web-N",
            "body": "{}",
            "state": "pending",
            "made_at": NOW,
            "next_attempt_at": NOW,
            "until": LATER,
        }
    ],
    "views": [
        {
            "login": "ada-N",
            "name": "gpu",
            "q": "type=g5.xlarge",
            "base": "mine",
            "everything": False,
            "columns": "{NAME,OWNER}",
            "saved_at": MADE,
        }
    ],
    "snapshots": [
        {
            "instance_id": "im-asleep-N",
            "generation": 2,
            "scope_id": "N",
            "machine": "i-asleep-N",
            "made": "complete",
            "provider_id": "snap-N",
            "gb": "8",
            "asked_at": NOW,
        }
    ],
}
