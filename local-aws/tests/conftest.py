"""What every end-to-end test starts from: one local AWS, an account of its own, the deployed line."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import launcher
import stack
from line import Line

ROOT = Path(__file__).resolve().parents[2]
ON_CALL = "oncall@example.com"
ACCOUNT_NAME = "prod-payments"
BREAK_GLASS = "/break-glass/"
#: Who may take back what quarantine did.
RESTORER = "rita"
#: Long enough that a delivery which finds the event claimed by another one is called again after that one is done.
RETRY_SECONDS = 1.0

FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("iamwatch")
    group.addoption(
        "--binaries", type=Path, default=ROOT / "target" / "quick", help="folder of the compiled functions and the CLI"
    )
    group.addoption("--template", type=Path, default=ROOT / "template.yaml", help="the SAM template to deploy")


@pytest.fixture(scope="session")
def binaries(pytestconfig: pytest.Config) -> Path:
    folder: Path = pytestconfig.getoption("binaries")
    return folder


@pytest.fixture(scope="session")
def template(pytestconfig: pytest.Config) -> Path:
    path: Path = pytestconfig.getoption("template")
    return path


@pytest.fixture(scope="session")
def local_aws() -> Iterator[launcher.LocalAws]:
    with launcher.start(retry_seconds=RETRY_SECONDS) as running:
        yield running


@pytest.fixture
def account(local_aws: launcher.LocalAws) -> stack.Account:
    return stack.new_account(local_aws.endpoint)


DeployLine = Callable[..., Line]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Remember on the test whether it failed, for fixtures that then tell more."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def deploy_line(
    request: pytest.FixtureRequest,
    local_aws: launcher.LocalAws,
    account: stack.Account,
    template: Path,
    binaries: Path,
) -> Iterator[DeployLine]:
    """Deploys the line into the test's account; parameters of the template as keywords."""
    deployed: list[stack.Stack] = []

    def deploy(
        mode: str = "dry-run", change: Callable[[dict[str, Any]], None] | None = None, **parameters: str
    ) -> Line:
        chosen = {
            "AccountNames": f"{account.id}={ACCOUNT_NAME}",
            "AlertEmail": ON_CALL,
            "Architecture": stack.ARCHITECTURE,
            "QuarantineMode": mode,
            "QuarantineExemptPaths": BREAK_GLASS,
            "QuarantineRestorers": f"arn:aws:iam::{account.id}:user/{RESTORER}",
            **parameters,
        }
        made = stack.deploy(account, template, binaries, chosen, change=change)
        deployed.append(made)
        return Line(
            local_aws,
            made,
            stack.subscribe_queue(account, made.outputs["TopicArn"]),
            stack.watch_bus(account, made.outputs["BusName"]),
            stack.Queue(account, made.outputs["FailedEventsUrl"]),
            stack.Queue(account, made.outputs["RuleDeadLettersUrl"]),
        )

    yield deploy
    for made in deployed:
        if request.node.stash.get(FAILED, False):
            print(f"what the functions said:\n{made.everything_said()}")
        # Left-over stacks hold their packages in memory and slow every later event down.
        made.delete()
