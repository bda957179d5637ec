"""Who called which IAM action: what CloudTrail would tell on AWS."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_account_id
from ministack.services import iam

import processes

KEPT = 10_000

#: Calls that IAM let in, oldest first. A call that a policy refused never gets this far.
calls: deque[dict[str, Any]] = deque(maxlen=KEPT)

#: Account → the function that is to be lost, and with which of its next calls of IAM.
to_lose: dict[str, tuple[str, int]] = {}


def record_iam_calls() -> None:
    """AWS records every call in CloudTrail; ministack's own CloudTrail cannot be used.

    Without a record, a test could not tell "left alone" from "changed and changed back".
    """
    handle = iam.handle_request

    async def recording(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        _lose()
        form = parse_qs(body.decode("utf-8", "replace")) if body else query
        calls.append(
            {
                "account": get_account_id(),
                "caller": caller_arn(),
                "action": _first(form, "Action"),
                "user": _first(form, "UserName"),
                "status": answer[0],
                "at": time.time(),
            }
        )
        return answer

    iam.handle_request = recording


def lose(account: str, function: str, after: int) -> None:
    """A test asks for a function to be lost once IAM has carried out so many more calls by roles, before it hears of the last."""
    to_lose[account] = (function, after)


def _lose() -> None:
    account = get_account_id()
    function, left = to_lose.get(account, ("", 0))
    if function and ":assumed-role/" in caller_arn():
        to_lose[account] = (function, left - 1)
        if left <= 1:
            del to_lose[account]
            # Which of them asked is not known; the others come back, too.
            processes.kill(os.getpid(), function, every=True)


def _first(form: Any, name: str) -> str:
    value = form.get(name, "")
    return str(value[0]) if isinstance(value, list) and value else str(value or "")
