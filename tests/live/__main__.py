"""`make test-live`: the tests of aws.py, if there are credentials for them and the budget allows it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.live.bounds import Unfit, bounds


def main() -> int:
    try:
        found = bounds(os.environ)
    except Unfit as exc:
        print(f"test-live: {exc}", file=sys.stderr)
        return 2
    where = os.environ.get("AWS_ENDPOINT_URL") or f"AWS, {found.region}"
    print(f"test-live: {where}; at worst ${found.worst}, of ${found.budget} allowed", flush=True)
    # what Ctrl-C leaves half open in the middle of a call is no finding, and must not stand where the tests' own answer is
    calm = ["-W", "ignore::ResourceWarning", "-p", "no:unraisableexception", "-p", "no:cacheprovider"]
    return int(pytest.main([str(Path(__file__).with_name("aws.py")), "-m", "live", *calm, *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
