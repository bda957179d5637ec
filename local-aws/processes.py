"""The processes of the functions, which a test may end as Lambda loses a sandbox."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def kill(launcher: int, function: str, *, every: bool = False) -> bool:
    """End a process of a function that the launcher of that id has started, or all of them; says whether there was one."""
    ended = False
    for pid in _descendants(launcher):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() in environment:
            os.kill(pid, signal.SIGKILL)
            ended = True
            if not every:
                break
    return ended


def _descendants(parent: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = status.read_text().split(" (", 1)
            children.setdefault(int(rest.rsplit(") ", 1)[1].split()[1]), []).append(int(pid))
        except (OSError, ValueError):
            continue
    found, ahead = [], [parent]
    while ahead:
        own = children.get(ahead.pop(), [])
        found += own
        ahead += own
    return found
