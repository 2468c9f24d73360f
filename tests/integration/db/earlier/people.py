"""The rows of people, their tokens, sessions and quotas, as in fleet.py."""

from __future__ import annotations

from typing import Any

MADE, NOW, SOON, LATER = ("2030-01-01 10:00:00+00", "2030-01-01 12:00:00+00", "2030-01-01 14:30:00+00", "2030-02-01+00")
Row = dict[str, Any]

PEOPLE: dict[str, list[Row]] = {
    "users": [
        {
            "login": "lab-N",
            "kind": "team",
            "role": "member",
            "team": None,
            "display": "Lab",
            "made_at": MADE,
            "made_by": "ada",
        },
        {
            "login": "ada-N",
            "kind": "person",
            "role": "admin",
            "team": "lab-N",
            "display": "Ada",
            "made_at": MADE,
            "made_by": "cli",
            "issuer": "https://id.example.com",
            "subject": "ada-N",
        },
    ],
    "tokens": [
        {
            "id": "tok-N",
            "login": "ada-N",
            "name": "deploy",
            "shown": "im_abcd",
            "digest": "digest-token-N",
            "grants": "{write}",
            "made_at": MADE,
            "made_by": "ada-N",
            "expires_at": LATER,
            "last_used_at": NOW,
        }
    ],
    "quotas": [
        {
            "of": "user",
            "name": "ada-N",
            "live": 5,
            "usd_per_hour": "2.50",
            "longest_ttl": 86400,
            "longest_life": 604800,
            "types": "{fake.small}",
            "set_by": "ada",
            "set_at": MADE,
        }
    ],
    "audit": [
        {
            "at": NOW,
            "actor": "ada",
            "channel": "cli",
            "request_id": "request-N",
            "token": "",
            "verb": "token made",
            "subject": "ada-N",
            "detail": "deploy",
        }
    ],
    "idempotency": [
        {"login": "ada-N", "key": "key-N", "digest": "d", "request_id": "request-N", "at": NOW, "status": 201}
    ],
    "sessions": [
        {
            "id": "ses-N",
            "login": "ada-N",
            "digest": "digest-session-N",
            "how": "oidc",
            "made_at": MADE,
            "seen_at": NOW,
            "expires_at": LATER,
        }
    ],
    "links": [{"digest": "digest-link-N", "login": "ada-N", "token": None, "local": False, "expires_at": LATER}],
    "sign_ins": [
        {
            "digest": "digest-sign-in-N",
            "state": "s",
            "nonce": "n",
            "verifier": "v",
            "goes_to": "/",
            "expires_at": LATER,
        }
    ],
    "counters": [{"name": "steps", "labels": '["fake-N"]', "part": "", "value": 42}],
}
