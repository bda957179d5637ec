"""A local AWS on 127.0.0.1: ministack in this process, IAM enforced, and put right by `patches/`.

    python local-aws/launcher.py [--port N]

prints one line when it is ready and runs until SIGTERM, Ctrl-C or the end of its parent process. The
Lambda functions it started end with it. Nothing of it reaches the real AWS: the caller's own AWS_*
settings and proxies are dropped before anything starts, and every function gets this endpoint.

`start()` does the same as a child process, for the tests and the demo.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
REGION = "us-east-1"
MINISTACK = "1.5.33"
INBOX_PATH = "/_local/inbox"
IAM_CALLS_PATH = "/_local/iam-calls"
LOSE_PATH = "/_local/lose/"
READY = re.compile(r"^local AWS ready at (http://\S+)$")
START_SECONDS = 60
STOP_SECONDS = 10
PARENT_CHECK_SECONDS = 0.5
#: Who started this process, asked at once: the parent may end while ministack is still being imported.
PARENT = os.getppid()

#: Settings of the caller that must not leak into the functions, which inherit this environment.
FOREIGN = re.compile(
    r"^(AWS_|IAMWATCH_|LAMBDA_|MINISTACK_|LOCALSTACK_|SFTP_|IOT_|(HTTPS?|ALL|NO)_PROXY$)", re.IGNORECASE
)


class StartError(Exception):
    """The local AWS cannot start; the text says what to do."""


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS, as seen by its clients."""

    endpoint: str
    pid: int
    log: Path

    def kept_messages(self) -> list[dict[str, Any]]:
        """What mailboxes and phones would have got: `topic`, `protocol`, `to`, `subject`, `text`, `at`, and `published`, all
        that was published."""
        return self._page(INBOX_PATH)

    def iam_calls(self) -> list[dict[str, Any]]:
        """The calls IAM let in: `account`, `caller` (ARN), `action`, `user`, `status`, `at`."""
        return self._page(IAM_CALLS_PATH)

    def lose(self, account: str, function: str, after: int) -> None:
        """End the process of a function once IAM has carried out so many more calls by roles of the account."""
        self._page(f"{LOSE_PATH}{account}/{function}/{after}")

    def is_lost(self, account: str) -> bool:
        """Whether the function of the account has been ended that was to be."""
        return account not in self._page(LOSE_PATH)

    def _page(self, path: str) -> list[dict[str, Any]]:
        with open_local(self.endpoint + path) as answer:
            items: list[dict[str, Any]] = json.load(answer)
        return items


def open_local(url: str) -> Any:
    """Open an address of the local AWS, past any proxy the caller has set."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=START_SECONDS)


@contextlib.contextmanager
def start(*, retry_seconds: float = 1.0, without: tuple[str, ...] = ()) -> Iterator[LocalAws]:
    """Run a local AWS in a child process for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="local-aws-log-") as folder:
        log = Path(folder, "local-aws.log")
        command = [sys.executable, __file__, "--retry-seconds", str(retry_seconds), "--log-level", "INFO"]
        for name in without:
            command += ["--without", name]
        with log.open("w") as log_file:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file, text=True)
            try:
                yield LocalAws(_endpoint_of(child, log), child.pid, log)
            finally:
                _stop(child)


def _endpoint_of(child: subprocess.Popen[str], log: Path) -> str:
    assert child.stdout is not None
    # A local AWS that hangs at start is ended, which ends the wait for its line.
    alarm = threading.Timer(START_SECONDS, child.kill)
    alarm.start()
    try:
        line = child.stdout.readline()
    finally:
        alarm.cancel()
    if found := READY.match(line.strip()):
        return found[1]
    child.wait()
    raise StartError(f"the local AWS did not start (exit code {child.returncode}):\n{log.read_text()}")


def _stop(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()


def check_version() -> None:
    """Refuse any ministack but the pinned one: the patches replace names that only it has."""
    try:
        installed = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        installed = "none"
    if installed != MINISTACK:
        raise StartError(
            f"needs ministack {MINISTACK}, found {installed}: "
            f"run `{sys.executable} -m pip install -r {Path(__file__).parent / 'requirements.txt'}`"
        )


def prepare_environment(port: int, folder: str, retry_seconds: float, log_level: str) -> None:
    """Set what ministack reads when it is imported, and what the functions inherit."""
    for name in [name for name in os.environ if FOREIGN.match(name)]:
        del os.environ[name]
    tempfile.tempdir = None
    os.environ.update(
        {
            "AUTH": "true",
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
            "AWS_REGION": REGION,
            # No config file of the caller: a profile there could name another endpoint.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "false",
            "SFTP_ENABLED": "false",
            # Never look for a Docker daemon: nothing here runs in a container.
            "DOCKER_HOST": f"unix://{folder}/no-docker",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(retry_seconds),
            "LOG_LEVEL": log_level,
            "STATE_DIR": folder,
            "TMPDIR": folder,
        }
    )


def with_pages_for_tests(app: Callable[..., Any]) -> Callable[..., Any]:
    """The given web app, plus pages: what people would have got, who called IAM, and when a function is to be lost."""
    from patches import journal, sns

    pages = {INBOX_PATH: sns.kept, IAM_CALLS_PATH: journal.calls, LOSE_PATH: journal.to_lose}

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path.startswith(LOSE_PATH):
            asked = path.removeprefix(LOSE_PATH)
            if asked:
                account, function, after = asked.split("/")
                journal.lose(account, function, int(after))
        elif path not in pages:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(list(pages.get(path, ()))).encode()})

    return serve


async def serve(listener: socket.socket, endpoint: str) -> None:
    """Serve on the open socket until SIGTERM, SIGINT or the end of the parent process."""
    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack.app import app

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop(_number: int, _frame: object) -> None:
        # Asked twice, the second time may be in the midst of clearing up.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    # Not the loop's own handlers: they end with the loop, and a signal would then end the clearing up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)

    async def watch_parent() -> None:
        while os.getppid() == PARENT:
            await asyncio.sleep(PARENT_CHECK_SECONDS)
        stop.set()

    async def announce() -> None:
        await asyncio.to_thread(_wait_until_answering, endpoint)
        print(f"local AWS ready at {endpoint}", flush=True)

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = os.environ["LOG_LEVEL"]
    tasks = [asyncio.create_task(watch_parent()), asyncio.create_task(announce())]
    await hypercorn_serve(with_pages_for_tests(app), config, shutdown_trigger=stop.wait)
    for task in tasks:
        task.cancel()


def _wait_until_answering(endpoint: str) -> None:
    # The socket is open already, so the request waits in its queue until the app serves.
    with open_local(f"{endpoint}/_ministack/health"):
        pass


def run(arguments: argparse.Namespace) -> None:
    check_version()
    listener = _listen(arguments.port)
    port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="local-aws-", ignore_cleanup_errors=True) as folder:
        prepare_environment(port, folder, arguments.retry_seconds, arguments.log_level)
        apply_patches(arguments.without)
        try:
            asyncio.run(serve(listener, f"http://{HOST}:{port}"))
        finally:
            _end_functions()


def apply_patches(without: list[str]) -> None:
    import patches  # imports ministack, which reads the environment

    left_out = set(patches.ALL) if "all" in without else set(without)
    if unknown := left_out - set(patches.ALL):
        raise StartError(f"no patch is called {', '.join(sorted(unknown))}; there are: {', '.join(patches.ALL)}")
    for name, patch in patches.ALL.items():
        if name not in left_out:
            patch()


def _listen(port: int) -> socket.socket:
    """Open the port here and hand the socket on, so that a free port cannot be taken meanwhile."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise StartError(f"cannot listen on {HOST}:{port}: {error.strerror}; choose another with `--port`") from error
    listener.listen(256)
    return listener


def _end_functions() -> None:
    from ministack.core import lambda_runtime

    lambda_runtime.reset()


def main() -> None:
    parser = argparse.ArgumentParser(description="A local AWS for iamwatch's demo and end-to-end tests.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument(
        "--retry-seconds",
        type=float,
        default=float(os.environ.get("LOCAL_AWS_RETRY_SECONDS", "1")),
        help="pause before a failed function is called again, doubled for the second time; "
        "AWS: one minute, then two (default: $LOCAL_AWS_RETRY_SECONDS or 1)",
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="PATCH", help="leave a patch out; `all` is ministack alone"
    )
    parser.add_argument("--log-level", default="WARNING", help="of ministack, on stderr (default: WARNING)")
    try:
        run(parser.parse_args())
    except StartError as error:
        sys.exit(f"error: {error}")
    sys.stdout.flush()
    # A retry that sleeps in a background thread must not keep the process, or start a function again.
    os._exit(0)


if __name__ == "__main__":
    main()
