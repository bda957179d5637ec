"""iamwatch's main job on this machine: an event in, an e-mail out, the key contained, and the undo.

    make demo

builds the functions and runs this. Nothing is sent to AWS; a local one is started and ends with the demo.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

import events
import launcher
import stack

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
ACCOUNT_NAME = "prod-payments"
ON_CALL = "oncall@example.com"
WAIT_SECONDS = 20
CONTAINED = ("APPLIED", "VERIFIED")
COLUMN = 14
MARGIN = " " * 4

Json = dict[str, Any]


class Steps:
    """Numbered steps on the terminal, one line each."""

    def __init__(self) -> None:
        self._number = 0
        self._bold = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def step(self, name: str, text: str) -> None:
        self._number += 1
        title = f"{self._number}  {name:<{COLUMN}}"
        print(f"\033[1m{title}\033[0m{text}" if self._bold else f"{title}{text}", flush=True)

    def more(self, text: str) -> None:
        print(f"{'':{COLUMN + 3}}{text}", flush=True)

    def email(self, email: Json) -> None:
        lines = [f"To:      {email['to']}", f"Subject: {email['subject']}", "", *email["text"].rstrip().splitlines()]
        # Open to the right: links are longer than any terminal is wide.
        print(f"\n{MARGIN}┌{'─' * 76}")
        for line in lines:
            print(f"{MARGIN}│ {line}".rstrip())
        print(f"{MARGIN}└{'─' * 76}\n", flush=True)

    def command(self, arguments: list[str], output: str) -> None:
        print(f"\n{MARGIN}$ iamwatch {' '.join(arguments)}")
        for line in output.rstrip().splitlines():
            print(f"{MARGIN}{line}".rstrip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs iamwatch's main job on a local AWS and shows it.")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "quick", help="the compiled programs")
    parser.add_argument("--template", type=Path, default=ROOT / "template.yaml", help="the SAM template to deploy")
    arguments = parser.parse_args()
    # A terminal that cannot show a frame's corner gets a question mark, not an error.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        run(arguments.template, arguments.binaries)
    except (launcher.StartError, stack.DeployError, stack.BinaryMissing, DemoError, TimeoutError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped")


class DemoError(Exception):
    """The demo did not show what it should."""


def run(template: Path, binaries: Path) -> None:
    steps = Steps()
    print("iamwatch on this machine: nothing here reaches the real AWS\n")
    began = time.monotonic()
    with launcher.start() as local_aws:
        steps.step("Local AWS", f"ready at {local_aws.endpoint} ({_since(began)})")
        began = time.monotonic()
        account = stack.Account(ACCOUNT, local_aws.endpoint)
        line = stack.deploy(account, template, binaries, parameters())
        count = len(line.functions())
        steps.step("Stack", f"{template.name} is deployed: {count} functions, quarantine enforces ({_since(began)})")
        try:
            show(steps, local_aws, line, binaries)
        except (DemoError, stack.CommandFailed, TimeoutError) as error:
            raise DemoError(f"{error}\n\nThe functions said:\n{line.everything_said()}") from error


def show(steps: Steps, local_aws: launcher.LocalAws, line: stack.Stack, binaries: Path) -> None:
    account = line.account
    account.client("iam").create_user(UserName="alice")
    key = account.create_user("deploy-bot")
    steps.step("Account", f"{ACCOUNT_NAME} ({ACCOUNT}) has the IAM users alice and deploy-bot")
    steps.step("The act", f"alice creates access key {key} for deploy-bot")

    sent = time.monotonic()
    alice = events.iam_user(ACCOUNT, "alice")
    events.send(account.client("events"), events.create_access_key(alice, "deploy-bot", key))
    steps.more("CloudTrail's event about it goes in at EventBridge")
    first = stack.wait_for(lambda: emails(local_aws), WAIT_SECONDS, "an e-mail to on-call")[0]
    steps.step("The e-mail", f"{_since(sent)} after the event, on-call gets")
    steps.email(first)

    record = stack.wait_for(lambda: contained_record(line), WAIT_SECONDS, "quarantine to contain the key")
    status = account.key_status("deploy-bot", key)
    steps.step("The key", f"IAM says {key} is {status}")
    if status != "Inactive":
        raise DemoError(f"quarantine left the key {status}")
    report = stack.wait_for(lambda: emails(local_aws)[1:], WAIT_SECONDS, "quarantine's report to on-call")[0]
    steps.more(f"and on-call gets “{report['subject']}”")

    steps.step("The undo", "lists what quarantine did, and takes it back")
    for command in (["quarantine", "list"], ["quarantine", "restore", record, "--yes"]):
        steps.command(command, line.iamwatch(binaries, *command))
    print()
    status = account.key_status("deploy-bot", key)
    steps.step("The key", f"IAM says {key} is {status} again")
    if status != "Active":
        raise DemoError(f"the undo left the key {status}")


def parameters() -> dict[str, str]:
    return {
        "AccountNames": f"{ACCOUNT}={ACCOUNT_NAME}",
        "AlertEmail": ON_CALL,
        "Architecture": stack.ARCHITECTURE,
        "QuarantineMode": "enforce",
        "QuarantineExemptPaths": "/break-glass/",
        "QuarantineRestorers": f"arn:aws:iam::{ACCOUNT}:user/security",
    }


def emails(local_aws: launcher.LocalAws) -> list[Json]:
    return [message for message in local_aws.kept_messages() if message["protocol"] == "email"]


def contained_record(line: stack.Stack) -> str:
    """The id of quarantine's record once it is done, else nothing."""
    return next((record for record, state in line.quarantine_records().items() if state in CONTAINED), "")


def _since(moment: float) -> str:
    return f"{time.monotonic() - moment:.1f} s"


if __name__ == "__main__":
    main()
