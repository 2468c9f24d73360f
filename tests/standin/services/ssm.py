"""SSM's public parameters that name images: the newest of each line in the region that is asked."""

from __future__ import annotations

from typing import Any

from tests.standin import stock
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action


@action("ssm", "GetParameter")
def get_parameter(call: Call) -> dict[str, Any]:
    found = stock.parameters(call.region.name).get(call.asked["Name"])
    if found is None:
        raise AwsError("ParameterNotFound", f"Parameter {call.asked['Name']} not found.")
    return {"Parameter": _shown(call, call.asked["Name"], found)}


@action("ssm", "GetParameters")
def get_parameters(call: Call) -> dict[str, Any]:
    known, names = stock.parameters(call.region.name), call.asked["Names"]
    return {
        "Parameters": [_shown(call, one, known[one]) for one in names if one in known],
        "InvalidParameters": [one for one in names if one not in known],
    }


@action("ssm", "GetParametersByPath")
def get_parameters_by_path(call: Call) -> dict[str, Any]:
    path = call.asked["Path"].rstrip("/") + "/"
    known = stock.parameters(call.region.name)
    return {"Parameters": [_shown(call, name, value) for name, value in known.items() if name.startswith(path)]}


def _shown(call: Call, name: str, value: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": len(stock.DATES),
        "LastModifiedDate": 1_759_827_600.0,
        "ARN": f"arn:aws:ssm:{call.region.name}::parameter{name}",
        "DataType": "aws:ec2:image",
    }
