"""Nobody imports whom they are imported by, not even inside a function: a late import is for speed, never to break a circle.

Names that are needed for types alone do not count; the checker reads them, no interpreter does.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp
import pytest


def test_no_import_leads_back_to_where_it_came_from() -> None:
    graph = grimp.build_graph("im", "workers", exclude_type_checking_imports=True, cache_dir=None)
    try:
        TopologicalSorter({one: graph.find_modules_directly_imported_by(one) for one in graph.modules}).prepare()
    except CycleError as exc:
        pytest.fail(" ← ".join(exc.args[1]))
