"""Several database hosts of which one is dead, as libpq has them: the other one serves."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from im.db.address import arguments
from im.db.engine import Database
from im.domain.errors import Unavailable


@pytest.mark.parametrize("order", ["dead first", "dead last"])
def test_one_that_is_dead_is_passed_over(database_url: str, order: str) -> None:
    given = arguments(database_url)
    living, port = str(given["host"]), str(given.get("port") or 5432)
    hosts, ports = ("/nonexistent", living), ("1", port)
    if order == "dead last":
        hosts, ports = hosts[::-1], ports[::-1]
    url = (
        f"host={','.join(hosts)} port={','.join(ports)} dbname={given['dbname']} user={given.get('user') or 'postgres'}"
    )
    database = Database(url)
    with database.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.dispose()


def test_when_all_are_dead_each_is_named_and_no_password() -> None:
    database = Database("postgresql://im:hunter2@127.0.0.1:1,127.0.0.1:2/im")
    with pytest.raises(Unavailable) as told, database.begin():
        pass
    assert "127.0.0.1:1,127.0.0.1:2/im does not answer: nobody listens there" in told.value.message
    assert "hunter2" not in f"{told.value.message} {told.value.hint}"
    database.dispose()
