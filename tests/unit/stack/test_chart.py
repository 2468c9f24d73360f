"""The chart, as far as it can be judged without helm: no secret may stand among its settings."""

from __future__ import annotations

import json
import re

import yaml

from im.settings import every_setting
from tests.documented import ROOT

CHART = ROOT / "deploy" / "helm"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def test_every_setting_may_be_given_but_a_secret_one() -> None:
    names = SCHEMA["properties"]["settings"]["propertyNames"]
    refused = set(names["not"]["enum"])
    known = {one.metadata["env"]: one.metadata["secret"] for one in every_setting().values()}
    assert [name for name in known if not re.match(names["pattern"], name)] == []
    assert {name for name, secret in known.items() if secret} - refused - {"IM_FLOWER_URL"} == set()


def test_every_value_is_in_the_schema() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(values) == set(SCHEMA["properties"]) - {"global"}
