"""What is wrong with an answer: the API's own problem, in the words of the same error here, or something that is not im's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from im import __version__
from im.cli.backend.remote.wire import Answer
from im.domain import errors
from im.domain.errors import ImError, Refused
from im.domain.money.unknown_price import PriceUnknown
from im.version import HEADER, minor, too_far_apart

_BY_CODE: Mapping[str, type[ImError]] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            *(errors.Refused, errors.NotFound, errors.NotSignedIn, errors.Unauthorized, errors.Denied),
            *(errors.OverLimit, errors.NoCapacity, errors.WaitTimedOut, errors.Superseded),
            *(errors.Unavailable, errors.Uncertain, ImError),
        )
    }
)
_BY_EXIT: Mapping[int, type[ImError]] = MappingProxyType(
    {
        2: errors.Refused,
        3: errors.NotFound,
        4: errors.Denied,
        5: errors.WaitTimedOut,
        6: errors.OverLimit,
        7: errors.NoCapacity,
        8: errors.Superseded,
    }
)


def document(answer: Answer, where: str) -> Any:
    """What a good answer says. Raises the error that any other is."""
    if 300 <= answer.status < 400:
        raise Refused(
            f"{where} answers with a redirect to {_origin(answer.header('location'))}, where your token is not sent",
            "name the address itself: IM_API_URL, or im login",
        )
    # what nobody foresaw is told before the headers of every answer are put to it
    if not answer.header(HEADER) and not answer.header("content-type").startswith("application/problem+json"):
        raise NotOurs(where, answer)
    if answer.status == 204:
        return None
    try:
        told = json.loads(answer.body)
    except ValueError:
        raise NotOurs(where, answer) from None
    if answer.status < 300:
        return told
    raise _error(answer, told, where)


class Unforeseen(ImError):
    """A fault of the server's own: what became of the request, it does not say."""


class NotOurs(Exception):
    """Something answers that is not im: a proxy's page, or another program. What it did with the request, nobody knows."""

    def __init__(self, where: str, answer: Answer) -> None:
        kind = answer.header("content-type").partition(";")[0].strip()
        what = f"{answer.status}{f', {kind[:40]}' if kind.isprintable() and kind else ''}"
        self.message = f"what answers at {where} is not im ({what})"
        self.hint = "is that address right, and is a proxy before it? im doctor"
        super().__init__(self.message)
        self.passing = answer.status in (502, 503, 504) or bool(answer.header(HEADER))
        """A proxy's word for a server that is just not there, or what is left of im's own."""


def check_version(answer: Answer, where: str) -> None:
    """Raises ImError for a server that is more than one minor release away."""
    theirs = answer.header(HEADER)
    if too_far_apart(theirs, __version__):
        raise mismatch(theirs, where)


def mismatch(theirs: str, where: str) -> ImError:
    told = f"this im is {__version__} and {where} runs {theirs[:20]}: more than one minor release apart"
    return ImError(told, f"pip install 'im-instances=={minor(theirs)}'  is what fits it")


def _error(answer: Answer, told: object, where: str) -> ImError:
    if not isinstance(told, dict) or not isinstance(told.get("detail"), str):
        raise NotOurs(where, answer)
    code, detail, hint = str(told.get("code")), told["detail"], str(told.get("next") or "")
    if code == "unforeseen":
        raise Unforeseen(f"{where}: {detail}", hint)
    if code == "invalid":
        return Refused(_one_by_one(told), hint)
    if code == "over_limit" and answer.header("retry-after"):
        return PriceUnknown(detail, hint, (), "")
    if code in _BY_CODE:
        return _BY_CODE[code](detail, hint)
    kind = _BY_EXIT.get(told.get("exit", 1), ImError)
    made: type[ImError] = type(kind.__name__, (kind,), {"code": code})
    return made(detail, hint)


def _one_by_one(told: Mapping[str, Any]) -> str:
    found = [str(one.get("detail", "")) for one in told.get("errors") or ()]
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    return "; ".join(found[:3]) + more if found else str(told["detail"])


def _origin(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return "nowhere"
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "another path of its own"
