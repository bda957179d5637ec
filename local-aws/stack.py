"""Accounts, the stack, and who hears from it, on the local AWS.

An access key of twelve digits is an account of its own there, with root's rights. `deploy` takes the
SAM template as it is in the repository and the binaries that cargo built, and gives back the stack.
"""

from __future__ import annotations

import http.server
import itertools
import json
import os
import platform
import re
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import botocore.session
import yaml
from botocore.config import Config

import launcher

REGION = launcher.REGION
SECRET = "test"  # every account's, here
FUNCTION = "AWS::Serverless::Function"
STACK_NAME = "iamwatch"
RECORD_PREFIX = "record#"
DEPLOY_SECONDS = 60
POLL_SECONDS = 0.05
BUILD_COMMAND = "make quick"
PACKAGES_ACCOUNT = "999999999999"
PACKAGES_BUCKET = "iamwatch-packages"
#: After the expected messages have come, how long to wait for one too many.
SETTLE_SECONDS = 1.0
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"

T = TypeVar("T")


class DeployError(Exception):
    """The stack was not created; the text gives CloudFormation's reasons."""


class BinaryMissing(Exception):
    """A program was not compiled; the text gives the command that does it."""


class CommandFailed(Exception):
    """The command line ended with an error; the text is what it printed."""


@dataclass(frozen=True)
class Account:
    """One AWS account on the local AWS, used as its root."""

    id: str
    endpoint: str
    region: str = REGION

    @cache  # noqa: B019 - as many accounts as tests, each with a handful of clients
    def client(self, service: str) -> Any:
        return client(self.endpoint, service, self.id, SECRET, region=self.region)

    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to work in this account: credentials and endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.id,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": self.region,
            # No profile of the caller: it could name another endpoint.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def create_user(self, name: str, path: str = "/") -> str:
        """Create an IAM user and an access key for it; gives the key's id."""
        iam = self.client("iam")
        iam.create_user(UserName=name, Path=path)
        return str(iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])

    def key_status(self, user: str, key_id: str) -> str:
        """`Active`, `Inactive`, or `none` if the user has no such key, read from IAM."""
        keys = self.client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"]
        return next((str(key["Status"]) for key in keys if key["AccessKeyId"] == key_id), "none")


def client(
    endpoint: str, service: str, key_id: str, secret: str, token: str | None = None, region: str = REGION
) -> Any:
    """A client of one service, with the given credentials."""
    return _session().create_client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        # No proxy of the caller either: this never leaves the machine.
        config=Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=60, proxies={}),
    )


_account_numbers = itertools.count(1)


def new_account(endpoint: str) -> Account:
    """An account that nothing else in this process has used."""
    return Account(f"1111{next(_account_numbers):08}", endpoint)


@cache
def _session() -> botocore.session.Session:
    """One session for all accounts, since loading the service models is what takes the time.

    It looks at no profile or config file of the caller: they could name another endpoint.
    """
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    return botocore.session.Session(
        {"profile": nothing, "config_file": no_file, "credentials_file": no_file, "region": nothing}
    )


@dataclass(frozen=True)
class Stack:
    """A stack that is complete."""

    account: Account
    name: str
    outputs: Mapping[str, str]
    _names: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def physical_id(self, logical_id: str) -> str:
        """The name CloudFormation gave to a resource, a function for example."""
        return self._remembered(f"name of {logical_id}", lambda: self._physical_id(logical_id))

    def _physical_id(self, logical_id: str) -> str:
        cloudformation = self.account.client("cloudformation")
        found = cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def logs(self, function: str) -> list[str]:
        """All log lines of a function so far."""
        logs = self.account.client("logs")
        group = self._remembered(f"log group of {function}", lambda: self._log_group(function))
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [str(event["message"]) for event in events]

    def functions(self) -> list[str]:
        """The logical ids of its functions."""
        pages = self.account.client("cloudformation").get_paginator("list_stack_resources")
        resources = [r for page in pages.paginate(StackName=self.name) for r in page["StackResourceSummaries"]]
        return sorted(r["LogicalResourceId"] for r in resources if r["ResourceType"] == "AWS::Lambda::Function")

    def everything_said(self) -> str:
        """The logs of all functions that were called, for a person who looks for a fault."""
        said = {function: self.logs(function) for function in self.functions()}
        return "\n".join(f"{function}: {line}" for function, lines in said.items() for line in lines)

    def _log_group(self, function: str) -> str:
        name = self.physical_id(function)
        config = self.account.client("lambda").get_function_configuration(FunctionName=name)
        return str((config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}")

    def _remembered(self, what: str, ask: Callable[[], str]) -> str:
        # Tests read logs many times a second; these names never change.
        if what not in self._names:
            self._names[what] = ask()
        return self._names[what]

    def invocations(self, function: str) -> int:
        """How often a function was called so far, retries included."""
        return sum(line.startswith("START RequestId") for line in self.logs(function))

    def quarantine_records(self) -> dict[str, str]:
        """What quarantine has on record: id → state."""
        pages = self.account.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["TableName"])
        return {
            row["pk"]["S"].removeprefix(RECORD_PREFIX): row["state"]["S"]
            for page in pages
            for row in page["Items"]
            if row["pk"]["S"].startswith(RECORD_PREFIX)
        }

    def record(self, record: str) -> dict[str, Any]:
        """One record of quarantine in full."""
        table = self.outputs["TableName"]
        key = {"pk": {"S": f"{RECORD_PREFIX}{record}"}}
        item = self.account.client("dynamodb").get_item(TableName=table, Key=key)["Item"]
        whole: dict[str, Any] = json.loads(item["record"]["S"])
        return whole

    def approval_url(self) -> str:
        """Where the approval function's URL is on this machine: its host name is AWS's."""
        url_id = self.outputs["ApprovalUrl"].removeprefix("https://").split(".")[0]
        return f"{self.account.endpoint}/_aws/lambda-url/{url_id}/"

    def iamwatch(self, binaries: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run the command line as a person with credentials for the account would; gives what it printed."""
        program = compiled(binaries, "iamwatch")
        done = subprocess.run(
            [program, *arguments],
            env={"PATH": os.environ["PATH"], **self.account.environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise CommandFailed(f"`iamwatch {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def delete(self) -> None:
        self.account.client("cloudformation").delete_stack(StackName=self.name)


def deploy(
    account: Account,
    template: Path,
    binaries: Path,
    parameters: Mapping[str, str],
    *,
    change: Callable[[dict[str, Any]], None] | None = None,
    name: str = STACK_NAME,
) -> Stack:
    """Create the stack of a SAM template with the binaries in a folder; `change` may edit the template first."""
    document = load_template(template)
    if change is not None:
        change(document)
    for logical_id, binary in function_binaries(document).items():
        resource = document["Resources"][logical_id]
        resource.pop("Metadata", None)
        resource["Properties"]["CodeUri"] = upload(account.endpoint, package_binary(binaries, binary))
        resource["Properties"]["Architectures"] = [ARCHITECTURE]
    s3, bucket = client(account.endpoint, "s3", account.id, SECRET), f"template-{account.id}"
    s3.create_bucket(Bucket=bucket)
    # Through S3: a template in the call itself may have 51,200 bytes only.
    s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(document).encode())
    return _create_stack(account, name, f"{account.endpoint}/{bucket}/template.json", parameters)


def _create_stack(account: Account, name: str, template_url: str, parameters: Mapping[str, str]) -> Stack:
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=template_url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def finished() -> dict[str, Any] | None:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

    stack = wait_for(finished, DEPLOY_SECONDS, f"stack `{name}` to be finished")
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise DeployError(f"stack `{name}` is {stack['StackStatus']}\n{_reasons(cloudformation, name)}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Stack(account, name, outputs)


def _reasons(cloudformation: Any, name: str) -> str:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    failures = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in failures
    )


# The template.


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref`, `!Sub`, `!GetAtt` …"""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_TemplateLoader.add_multi_constructor("!", _short_form)
# A date stays the text it is (`Version: 2012-10-17`): JSON has no dates.
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_template(path: Path) -> dict[str, Any]:
    """Read a template, short forms written out (`!Ref X` → `{"Ref": "X"}`)."""
    if not path.is_file():
        raise DeployError(f"there is no template at `{path}`")
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_TemplateLoader)
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise DeployError(f"`{path}` is no CloudFormation template: it has no `Resources`")
    return document


def function_binaries(document: Mapping[str, Any]) -> dict[str, str]:
    """Logical id → binary of every function: the same name in another spelling (`RootUsage` → `root-usage`)."""
    return {
        logical_id: re.sub(r"(?<!^)(?=[A-Z])", "-", logical_id).lower()
        for logical_id, resource in document["Resources"].items()
        if resource.get("Type") == FUNCTION
    }


# The packages.


def compiled(folder: Path, name: str) -> Path:
    """The path of a compiled program, which must be there."""
    program = folder / name
    if not program.is_file():
        raise BinaryMissing(f"`{program}` is missing: build it with `{BUILD_COMMAND}`")
    return program


@cache
def upload(endpoint: str, package: Path) -> dict[str, str]:
    """Put a package where every account finds it, once: it has ten megabytes, and a test run has many accounts."""
    s3 = client(endpoint, "s3", PACKAGES_ACCOUNT, SECRET)
    s3.create_bucket(Bucket=PACKAGES_BUCKET)
    s3.put_object(Bucket=PACKAGES_BUCKET, Key=package.name, Body=package.read_bytes())
    return {"Bucket": PACKAGES_BUCKET, "Key": package.name}


def package_binary(folder: Path, name: str) -> Path:
    """Zip a binary as Lambda wants it, as `bootstrap`. A zip newer than its binary is used again."""
    binary = compiled(folder, name)
    package = folder / "lambda" / f"{name}.zip"
    if package.is_file() and package.stat().st_mtime_ns > binary.stat().st_mtime_ns:
        return package
    package.parent.mkdir(exist_ok=True)
    bootstrap = zipfile.ZipInfo("bootstrap")  # its fixed date keeps the same binary the same zip
    bootstrap.external_attr = 0o755 << 16
    bootstrap.compress_type = zipfile.ZIP_DEFLATED
    unfinished = package.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(unfinished, "w", compresslevel=1) as archive:
        archive.writestr(bootstrap, binary.read_bytes(), compresslevel=1)
    unfinished.replace(package)
    return package


# Who hears from it.


@dataclass(frozen=True)
class Notification:
    """One message as its subscriber got it."""

    subject: str
    message: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(envelope: Mapping[str, Any]) -> Notification:
        attributes = envelope.get("MessageAttributes") or {}
        return Notification(
            envelope.get("Subject") or "",
            envelope["Message"],
            {name: attribute["Value"] for name, attribute in attributes.items()},
        )

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.message)
        return value


@dataclass
class Queue:
    """An SQS queue that is read to the end, in the order of arrival."""

    account: Account
    url: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def read(self, count: int = 1, seconds: float = 15, settle: float = SETTLE_SECONDS) -> list[dict[str, Any]]:
        """Wait for `count` messages, then a moment for one too many; all messages ever received."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            self._receive()
        calm = time.monotonic() + settle
        while time.monotonic() < calm:
            self._receive()
        return self.received

    def _receive(self) -> None:
        sqs = self.account.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
        )
        messages = answer.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            self.received.append(message)
        if not messages:
            time.sleep(POLL_SECONDS)


@dataclass
class QueueSubscriber:
    """A subscriber to the topic that is a machine: SNS → SQS, with SNS's envelope."""

    queue: Queue

    def read(self, count: int = 1, seconds: float = 15, settle: float = SETTLE_SECONDS) -> list[Notification]:
        return [Notification.of(json.loads(m["Body"])) for m in self.queue.read(count, seconds, settle)]


def subscribe_queue(account: Account, topic_arn: str, name: str = "subscriber") -> QueueSubscriber:
    """Subscribe a new queue to a topic; its policy lets that topic in, as SNS demands."""
    queue, arn = open_queue(account, name, "sns.amazonaws.com", topic_arn)
    account.client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return QueueSubscriber(queue)


def watch_bus(account: Account, bus: str, name: str = "findings") -> Queue:
    """A queue that gets every event of a bus: what machines see."""
    events = account.client("events")
    pattern = json.dumps({"account": [account.id]})
    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
    queue, arn = open_queue(account, name, "events.amazonaws.com", rule)
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    return queue


def open_queue(account: Account, name: str, service: str, source_arn: str) -> tuple[Queue, str]:
    """A new queue that one service may fill on behalf of one resource; with its ARN."""
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Queue(account, url), arn


@dataclass
class WebSubscriber:
    """A subscriber to the topic that is a web page: it confirms its subscription, then takes messages."""

    url: str
    confirmed: threading.Event = field(default_factory=threading.Event)
    notifications: list[Notification] = field(default_factory=list)

    def read(self, count: int = 1, seconds: float = 15, settle: float = SETTLE_SECONDS) -> list[Notification]:
        deadline = time.monotonic() + seconds
        while len(self.notifications) < count and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        time.sleep(settle)
        return list(self.notifications)


@contextmanager
def subscribe_web(account: Account, topic_arn: str) -> Iterator[WebSubscriber]:
    """Subscribe a small web server over http, which gets the text of `http`, or else `default`."""
    subscriber = WebSubscriber(url="")

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            if body["Type"] == "SubscriptionConfirmation":
                with launcher.open_local(body["SubscribeURL"]):
                    subscriber.confirmed.set()
            else:
                subscriber.notifications.append(Notification.of(body))

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    subscriber.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        account.client("sns").subscribe(TopicArn=topic_arn, Protocol="http", Endpoint=subscriber.url)
        if not subscriber.confirmed.wait(10):
            raise TimeoutError(f"SNS did not ask `{subscriber.url}` to confirm its subscription")
        yield subscriber
    finally:
        server.shutdown()
        server.server_close()


def wait_for(probe: Callable[[], T | None], seconds: float, what: str) -> T:
    """Ask until the answer is neither empty nor false; `what` completes "waited … for"."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := probe():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(POLL_SECONDS)
