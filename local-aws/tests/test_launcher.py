"""The local AWS itself: that it is what the line's tests take it for.

A test named `ministack_alone_…` runs ministack without its patches. When it fails, ministack has
learnt to do what AWS does, and the patch it names can go.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import events
import launcher
import stack

LAUNCHER = Path(launcher.__file__)
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
API_CALL = "AWS API Call via CloudTrail"

#: A function in the smallest form that speaks the Lambda Runtime API. It fails when the event says so,
#: writes to the table when the event says so, and answers with its environment.
BOOTSTRAP = """#!{python}
import json, os, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
def post(path, value):
    urllib.request.urlopen(urllib.request.Request(api + path, json.dumps(value).encode(), method="POST")).read()
while True:
    with urllib.request.urlopen(api + "next") as answer:
        request, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    try:
        detail = event.get("detail", {{}})
        print("called with", json.dumps(detail), flush=True)
        if "write_to" in detail:
            import boto3
            boto3.client("dynamodb").put_item(TableName=detail["write_to"], Item={{"pk": {{"S": "row"}}}})
        if detail.get("fail"):
            raise RuntimeError("told to fail")
        environment = dict(os.environ, PID=str(os.getpid()))
        post(request + "/response", environment if detail.get("environment") else {{"ok": True}})
    except Exception as error:
        post(request + "/error", {{"errorMessage": str(error), "errorType": type(error).__name__}})
"""


class Small:
    """One function behind one rule, with its queues: built call by call, without CloudFormation."""

    def __init__(self, account: stack.Account, state: str = ALL_EVENTS, may: list[str] | None = None) -> None:
        self.account = account
        iam, functions, events = (account.client(s) for s in ("iam", "lambda", "events"))
        role = iam.create_role(RoleName="small", AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": may if may is not None else ["sqs:SendMessage"], "Resource": "*"}
        iam.put_role_policy(RoleName="small", PolicyName="may", PolicyDocument=policy(allowed))
        self.function = functions.create_function(
            FunctionName="small",
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=role,
            Timeout=10,
            Code={"ZipFile": _package(BOOTSTRAP.format(python=sys.executable))},
        )["FunctionArn"]
        pattern = json.dumps({"source": [{"prefix": "aws."}]})
        self.rule = events.put_rule(Name="small", EventPattern=pattern, State=state)["RuleArn"]
        self.failed, failed_arn = stack.open_queue(account, "failed", "lambda.amazonaws.com", self.function)
        self.undelivered, dead_arn = stack.open_queue(account, "undelivered", "events.amazonaws.com", self.rule)
        target = {"Id": "small", "Arn": self.function, "DeadLetterConfig": {"Arn": dead_arn}}
        events.put_targets(Rule="small", Targets=[target])
        self.let_rule_in()
        functions.put_function_event_invoke_config(
            FunctionName="small", Qualifier="$LATEST", DestinationConfig={"OnFailure": {"Destination": failed_arn}}
        )

    def let_rule_in(self) -> None:
        self.account.client("lambda").add_permission(
            FunctionName="small",
            StatementId="rule",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=self.rule,
        )

    def shut_rule_out(self) -> None:
        self.account.client("lambda").remove_permission(FunctionName="small", StatementId="rule")

    def send(self, source: str = "aws.iam", **detail: Any) -> dict[str, Any]:
        entry = {"Source": source, "DetailType": API_CALL, "Detail": json.dumps(detail)}
        answer: dict[str, Any] = self.account.client("events").put_events(Entries=[entry])["Entries"][0]
        return answer

    def calls(self) -> list[str]:
        logs = self.account.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/small")["logGroups"]:
            return []
        lines = logs.filter_log_events(logGroupName="/aws/lambda/small")["events"]
        return [line["message"] for line in lines if line["message"].startswith("called with")]

    def wait_for_calls(self, count: int, settle: float = 0.0) -> list[str]:
        stack.wait_for(lambda: len(self.calls()) >= count, 15, f"{count} calls")
        time.sleep(settle)
        return self.calls()


def _package(code: str) -> bytes:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, code)
    return data.getvalue()


@pytest.fixture
def small(account: stack.Account) -> Small:
    return Small(account)


@pytest.fixture(scope="module")
def ministack_alone() -> Iterator[launcher.LocalAws]:
    with launcher.start(retry_seconds=0.2, without=("all",)) as running:
        yield running


@pytest.fixture
def alone(ministack_alone: launcher.LocalAws) -> stack.Account:
    return stack.new_account(ministack_alone.endpoint)


def refused(call: Callable[[], object]) -> str:
    """The error code that AWS answers with."""
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role_client(account: stack.Account, service: str, *statements: dict[str, Any]) -> Any:
    """A client with the rights of a role that has just these statements."""
    iam = account.client("iam")
    trust = {**TRUST, "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}}
    arn = iam.create_role(RoleName="limited", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="limited", PolicyName="limits", PolicyDocument=policy(*statements))
    keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return stack.client(account.endpoint, service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


# The process.


def test_a_port_in_use_is_named(local_aws: launcher.LocalAws) -> None:
    port = local_aws.endpoint.rsplit(":", 1)[1]
    told = subprocess.run(
        [sys.executable, LAUNCHER, "--port", port], check=False, capture_output=True, text=True, timeout=30
    )
    assert told.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in told.stderr


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.5.34")
    with pytest.raises(launcher.StartError, match=r"needs ministack 1\.5\.33, found 1\.5\.34: run `.*pip install -r"):
        launcher.check_version()


def test_a_patch_that_does_not_exist_is_named() -> None:
    started = launcher.start(without=("everything",))
    with pytest.raises(launcher.StartError, match="no patch is called everything"), started:
        pass


def test_nothing_outlives_a_terminated_launcher(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with launcher.start() as running:
        function = int(_environment(Small(stack.new_account(running.endpoint)))["PID"])
        os.kill(function, 0)
        os.kill(running.pid, signal.SIGTERM)
        stack.wait_for(lambda: not _answers(running.endpoint), 10, "the launcher to end")
    with pytest.raises(ProcessLookupError):
        os.kill(function, 0)
    assert list(tmp_path.iterdir()) == [], "its files are gone"


def test_nothing_outlives_the_parent_of_the_launcher() -> None:
    parent = "import subprocess, sys; subprocess.Popen(sys.argv[1:]).wait()"
    child = subprocess.Popen(
        [sys.executable, "-c", parent, sys.executable, str(LAUNCHER)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    ready = launcher.READY.match(child.stdout.readline().strip())
    assert ready and _answers(ready[1])
    child.kill()
    child.wait()
    stack.wait_for(lambda: not _answers(ready[1]), 10, "the launcher to end")


def _answers(endpoint: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))) == 0


def _environment(small: Small) -> dict[str, str]:
    """The environment of the function, and its process id as `PID`."""
    payload = json.dumps({"detail": {"environment": True}})
    answer = small.account.client("lambda").invoke(FunctionName="small", Payload=payload)
    environment: dict[str, str] = json.load(answer["Payload"])
    return environment


def test_settings_of_the_caller_reach_no_function(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_IAM", "HTTP_PROXY", "https_proxy", "IAMWATCH_TABLE"):
        monkeypatch.setenv(name, "of-the-caller")
    with launcher.start() as running:
        environment = _environment(Small(stack.new_account(running.endpoint)))
    assert environment["AWS_ENDPOINT_URL"] == running.endpoint
    assert "of-the-caller" not in environment.values()


# Who may put events on the bus, and which.


def test_cloudtrail_events_may_be_put_on_the_bus(small: Small) -> None:
    assert "ErrorCode" not in small.send("aws.iam", eventName="CreateUser")
    assert small.wait_for_calls(1) == ['called with {"eventName": "CreateUser"}']


def test_ministack_alone_refuses_aws_sources_as_aws_does(alone: stack.Account) -> None:
    assert Small(alone).send("aws.iam")["ErrorCode"] == "NotAuthorizedForSourceException"


def test_events_that_are_too_large_or_no_object_are_refused(account: stack.Account) -> None:
    put = account.client("events").put_events
    entry = {"Source": "x", "DetailType": "x", "Detail": "{}"}
    answer = put(Entries=[{**entry, "Detail": "[]"}, entry, {**entry, "Detail": "{"}])
    assert [e.get("ErrorCode") for e in answer["Entries"]] == ["MalformedDetail", None, "MalformedDetail"]
    assert answer["FailedEntryCount"] == 2
    large = json.dumps({"text": "x" * 300_000})
    assert refused(lambda: put(Entries=[{**entry, "Detail": large}])) == "ValidationException"


def test_ministack_alone_takes_events_that_are_too_large_or_no_object(alone: stack.Account) -> None:
    put = alone.client("events").put_events
    large = json.dumps({"text": "x" * 300_000})
    entries = [{"Source": "x", "DetailType": "x", "Detail": detail} for detail in ("[]", "{", large)]
    assert put(Entries=entries)["FailedEntryCount"] == 0


def test_reads_reach_only_rules_for_all_management_events(account: stack.Account) -> None:
    small = Small(account, state="ENABLED")
    small.send(eventName="GetUser")
    small.send(eventName="GetSessionToken")
    assert small.wait_for_calls(1, settle=0.5) == ['called with {"eventName": "GetSessionToken"}']
    pattern = json.dumps({"source": [{"prefix": "aws."}]})
    account.client("events").put_rule(Name="small", EventPattern=pattern, State=ALL_EVENTS)
    small.send(eventName="GetUser")
    assert small.wait_for_calls(2)[-1] == 'called with {"eventName": "GetUser"}'


def test_ministack_alone_never_fires_rules_for_all_management_events(ministack_alone: launcher.LocalAws) -> None:
    small = Small(stack.new_account(ministack_alone.endpoint))
    small.send("own.source")
    pattern = json.dumps({"source": ["own.source"]})
    events = small.account.client("events")
    events.put_rule(Name="small", EventPattern=pattern, State=ALL_EVENTS)
    small.send("own.source", state="all")
    events.put_rule(Name="small", EventPattern=pattern, State="ENABLED")
    small.send("own.source", state="enabled", eventName="GetUser")
    assert small.wait_for_calls(1, settle=0.5) == ['called with {"state": "enabled", "eventName": "GetUser"}']


# How a queue's messages reach a function.


def _calls_for_25_messages(account: stack.Account) -> list[str]:
    small, sqs = Small(account, may=["sqs:*"]), account.client("sqs")
    queue, arn = stack.open_queue(account, "many", "events.amazonaws.com", "arn:aws:events:us-east-1:1:rule/none")
    mapping = {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 60}
    account.client("lambda").create_event_source_mapping(FunctionName="small", EventSourceArn=arn, **mapping)
    for start in range(0, 25, 5):
        entries = [{"Id": str(number), "MessageBody": "{}"} for number in range(start, start + 5)]
        sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    return small.wait_for_calls(1, settle=1.5)


def test_a_function_gets_all_messages_of_the_batching_window_at_once(account: stack.Account) -> None:
    assert len(_calls_for_25_messages(account)) == 1, "a second here stands for a minute"


def test_ministack_alone_gives_a_function_ten_messages_at_most(alone: stack.Account) -> None:
    assert len(_calls_for_25_messages(alone)) >= 3


# How an event reaches a function.


def test_a_failing_function_is_called_three_times_then_its_event_is_kept(small: Small) -> None:
    started = time.monotonic()
    small.send(fail=True, mark="kept")
    (kept,) = small.failed.read()
    assert len(small.calls()) == 3
    assert time.monotonic() - started > 3, "the pauses are one second and two"
    letter = json.loads(kept["Body"])
    assert letter["requestPayload"]["detail"] == {"fail": True, "mark": "kept"}
    assert letter["requestContext"]["condition"] == "RetriesExhausted"
    assert letter["responsePayload"]["errorMessage"] == "told to fail"


def test_ministack_alone_calls_a_failing_function_once_and_loses_the_event(ministack_alone: launcher.LocalAws) -> None:
    small = _small_for_own_events(ministack_alone)
    small.send("own.source", fail=True)
    # Its pauses are 0.2 and 0.4 seconds: retries would be over by then.
    assert len(small.wait_for_calls(1, settle=1.5)) == 1
    assert small.failed.read(0, settle=0.2) == []


def test_an_event_is_lost_when_the_role_may_not_send_to_its_destination(account: stack.Account) -> None:
    small = Small(account, may=["logs:PutLogEvents"])
    small.send(fail=True)
    small.wait_for_calls(3)
    assert small.failed.read(0) == []


def test_ministack_alone_asks_no_role_about_a_destination(ministack_alone: launcher.LocalAws) -> None:
    small = Small(stack.new_account(ministack_alone.endpoint), may=["logs:PutLogEvents"])
    functions = small.account.client("lambda")
    payload = json.dumps({"detail": {"fail": True}})
    functions.invoke(FunctionName="small", InvocationType="Event", Payload=payload)
    assert len(small.failed.read()) == 1


@pytest.mark.parametrize("fault", ["missing function", "missing permission"])
def test_an_event_that_cannot_be_delivered_is_a_dead_letter(small: Small, fault: str) -> None:
    if fault == "missing function":
        small.account.client("lambda").delete_function(FunctionName="small")
    else:
        small.shut_rule_out()
    small.send(mark="dead")
    (letter,) = small.undelivered.read()
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert json.loads(letter["Body"])["detail"] == {"mark": "dead"}
    assert attributes["ERROR_CODE"] == ("NO_RESOURCE" if fault == "missing function" else "NO_PERMISSIONS")
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (small.rule, small.function)
    assert small.calls() == []


def test_a_dead_letter_queue_without_a_policy_gets_nothing(small: Small) -> None:
    small.shut_rule_out()
    small.account.client("sqs").set_queue_attributes(QueueUrl=small.undelivered.url, Attributes={"Policy": ""})
    small.send()
    assert small.undelivered.read(0) == []


def test_ministack_alone_calls_a_function_that_does_not_let_the_rule_in(ministack_alone: launcher.LocalAws) -> None:
    small = _small_for_own_events(ministack_alone)
    small.shut_rule_out()
    small.send("own.source")
    small.wait_for_calls(1)


def test_ministack_alone_has_no_dead_letters(ministack_alone: launcher.LocalAws) -> None:
    small = _small_for_own_events(ministack_alone)
    small.account.client("lambda").delete_function(FunctionName="small")
    small.send("own.source")
    assert small.undelivered.read(0) == []


def _small_for_own_events(running: launcher.LocalAws) -> Small:
    """Without its patches ministack takes neither AWS's sources nor AWS's second rule state."""
    small = Small(stack.new_account(running.endpoint), state="ENABLED")
    pattern = json.dumps({"source": ["own.source"]})
    small.account.client("events").put_rule(Name="small", EventPattern=pattern, State="ENABLED")
    return small


# What SNS refuses, and what people get.


def test_sns_refuses_subjects_and_structures_as_aws_does(account: stack.Account) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.publish(TopicArn=topic, Message="x", Subject="s" * 100)
    subjects = ("s" * 101, "two\nlines", "caf\u00e9", "\u202e", " leading")
    structures = ("no json", "[]", '{"email": "x"}', '{"default": 7}')
    wrong = [{"Message": "x", "Subject": subject} for subject in subjects]
    wrong += [{"Message": message, "MessageStructure": "json"} for message in structures]
    answers = [refused(partial(sns.publish, TopicArn=topic, **message)) for message in wrong]
    assert answers == ["InvalidParameter"] * len(wrong)


def test_ministack_alone_takes_any_subject_and_structure(alone: stack.Account) -> None:
    sns = alone.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    sns.publish(TopicArn=topic, Message="x", Subject="s" * 101)
    sns.publish(TopicArn=topic, Message="x", Subject="caf\u00e9")
    sns.publish(TopicArn=topic, Message='{"email": "x"}', MessageStructure="json")


TEXTS = {"default": "for all", "email": "for mail", "sqs": '{"for": "machines"}', "sms": "for phones"}


def test_each_subscriber_gets_the_text_of_its_protocol(account: stack.Account, local_aws: launcher.LocalAws) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    machine = stack.subscribe_queue(account, topic)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15555550100")
    with stack.subscribe_web(account, topic) as page:
        attributes = {"severity": {"DataType": "String", "StringValue": "HIGH"}}
        message = json.dumps(TEXTS)
        sns.publish(TopicArn=topic, Message=message, Subject="s", MessageStructure="json", MessageAttributes=attributes)
        (to_page,) = page.read()
    (to_machine,) = machine.read()
    assert (to_page.subject, to_page.message) == ("s", "for all")
    assert to_machine == stack.Notification("s", '{"for": "machines"}', {"severity": "HIGH"})
    kept = [message for message in local_aws.kept_messages() if message["topic"] == topic]
    assert [(m["protocol"], m["to"], m["subject"], m["text"]) for m in kept] == [
        ("email", "oncall@example.com", "s", "for mail"),
        ("sms", "+15555550100", "s", "for phones"),
    ]


def test_a_filter_policy_holds_for_mail_too(account: stack.Account, local_aws: launcher.LocalAws) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    only_high = {"FilterPolicy": json.dumps({"severity": ["HIGH"]})}
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com", Attributes=only_high)
    for severity in ("LOW", "HIGH"):
        attributes = {"severity": {"DataType": "String", "StringValue": severity}}
        sns.publish(TopicArn=topic, Message=severity, MessageAttributes=attributes)
    assert [m["text"] for m in local_aws.kept_messages() if m["topic"] == topic] == ["HIGH"]


# What roles may do.


def test_a_function_may_do_what_its_role_allows_and_no_more(account: stack.Account) -> None:
    table = {"AttributeName": "pk", "AttributeType": "S"}
    account.client("dynamodb").create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[table],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    small = Small(account, may=["sqs:SendMessage", "dynamodb:GetItem"])
    small.send(write_to="rows")
    (kept,) = small.failed.read()
    answer = json.loads(kept["Body"])["responsePayload"]
    assert "is not authorized to perform: dynamodb:PutItem" in answer["errorMessage"]
    statement = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    account.client("iam").put_role_policy(RoleName="small", PolicyName="may", PolicyDocument=policy(statement))
    small.send(write_to="rows")
    stack.wait_for(lambda: account.client("dynamodb").scan(TableName="rows")["Count"], 10, "the row")


def _topic_of_a_stack(account: stack.Account, folder: Path) -> str:
    template = folder / "template.yaml"
    template.write_text(
        "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {}}}\nOutputs: {TopicArn: {Value: !Ref Topic}}"
    )
    return stack.deploy(account, template, folder, {}).outputs["TopicArn"]


def test_a_role_needs_the_right_to_publish_to_a_topic_of_its_account(account: stack.Account, tmp_path: Path) -> None:
    topic = _topic_of_a_stack(account, tmp_path)
    sns = role_client(account, "sns", {"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"})
    assert refused(lambda: sns.publish(TopicArn=topic, Message="x")) == "AuthorizationError"
    account.client("sns").publish(TopicArn=topic, Message="x")


def test_ministack_alone_lets_every_role_publish_to_a_topic_of_a_stack(alone: stack.Account, tmp_path: Path) -> None:
    topic = _topic_of_a_stack(alone, tmp_path)
    sns = role_client(alone, "sns", {"Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"})
    sns.publish(TopicArn=topic, Message="x")


def _quarantine_statements(account: stack.Account) -> list[dict[str, Any]]:
    users = f"arn:aws:iam::{account.id}:user/"
    return [
        {"Effect": "Allow", "Action": "iam:UpdateAccessKey", "Resource": f"{users}*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": f"{users}break-glass/*"},
    ]


def test_a_deny_on_a_user_path_bites(account: stack.Account) -> None:
    bot, anna = account.create_user("deploy-bot"), account.create_user("anna", "/break-glass/")
    iam = role_client(account, "iam", *_quarantine_statements(account))
    iam.update_access_key(UserName="deploy-bot", AccessKeyId=bot, Status="Inactive")
    switch_off = {"UserName": "anna", "AccessKeyId": anna, "Status": "Inactive"}
    assert refused(lambda: iam.update_access_key(**switch_off)) == "AccessDenied"
    assert (account.key_status("deploy-bot", bot), account.key_status("anna", anna)) == ("Inactive", "Active")


def test_ministack_alone_forgets_the_path_of_a_user(alone: stack.Account) -> None:
    anna = alone.create_user("anna", "/break-glass/")
    iam = role_client(alone, "iam", *_quarantine_statements(alone))
    iam.update_access_key(UserName="anna", AccessKeyId=anna, Status="Inactive")


ENTER = events.policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
NOTHING = events.policy({"Effect": "Deny", "Action": "*", "Resource": "*"})


def _put_on_a_role_under_a_path(account: stack.Account) -> Callable[[], Any]:
    account.client("iam").create_role(RoleName="ops", Path="/break-glass/", AssumeRolePolicyDocument=ENTER)
    roles = f"arn:aws:iam::{account.id}:role/"
    limited = role_client(
        account,
        "iam",
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": f"{roles}*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": f"{roles}break-glass/*"},
    )
    return partial(limited.put_role_policy, RoleName="ops", PolicyName="x", PolicyDocument=NOTHING)


def test_a_deny_on_a_role_path_bites(account: stack.Account) -> None:
    assert refused(_put_on_a_role_under_a_path(account)) == "AccessDenied"


def test_ministack_alone_forgets_the_path_of_a_role(alone: stack.Account) -> None:
    _put_on_a_role_under_a_path(alone)()


# Users: what ministack lacks, and what it does not limit.


def test_other_credentials_are_switched_off_and_on(account: stack.Account) -> None:
    iam, bob = account.client("iam"), {"UserName": "bob"}
    account.create_user("bob")
    key = iam.upload_ssh_public_key(**bob, SSHPublicKeyBody="none")["SSHPublicKey"]["SSHPublicKeyId"]
    iam.create_service_specific_credential(**bob, ServiceName="codecommit.amazonaws.com")
    iam.upload_signing_certificate(**bob, CertificateBody="none")
    iam.update_ssh_public_key(**bob, SSHPublicKeyId=key, Status="Inactive")
    assert [one["Status"] for one in iam.list_ssh_public_keys(**bob)["SSHPublicKeys"]] == ["Inactive"]
    specific = iam.list_service_specific_credentials(**bob)["ServiceSpecificCredentials"]
    certificates = iam.list_signing_certificates(**bob)["Certificates"]
    assert [one["Status"] for one in (*specific, *certificates)] == ["Active", "Active"]


def test_ministack_alone_knows_no_other_credentials(alone: stack.Account) -> None:
    alone.create_user("bob")
    assert refused(lambda: alone.client("iam").list_ssh_public_keys(UserName="bob")) is not None


def _attach_eleven(account: stack.Account) -> None:
    iam = account.client("iam")
    account.create_user("bob")
    for number in range(11):
        arn = f"arn:aws:iam::{account.id}:policy/p{number}"
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(_find_holders(account)))
        iam.attach_user_policy(UserName="bob", PolicyArn=arn)


def test_the_eleventh_policy_of_a_user_is_refused(account: stack.Account) -> None:
    assert refused(lambda: _attach_eleven(account)) == "LimitExceeded"


def test_ministack_alone_attaches_any_number_of_policies(alone: stack.Account) -> None:
    _attach_eleven(alone)


def _only_this_policy(account: stack.Account) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "iam:AttachUserPolicy",
        "Resource": f"arn:aws:iam::{account.id}:user/*",
        "Condition": {"ArnEquals": {"iam:PolicyARN": f"arn:aws:iam::{account.id}:policy/deny"}},
    }


def test_a_role_may_be_limited_to_one_policy(account: stack.Account) -> None:
    account.create_user("bob")
    iam = role_client(account, "iam", _only_this_policy(account))
    iam.attach_user_policy(UserName="bob", PolicyArn=f"arn:aws:iam::{account.id}:policy/deny")
    other = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert refused(lambda: iam.attach_user_policy(UserName="bob", PolicyArn=other)) == "AccessDenied"


def test_ministack_alone_does_not_know_the_policy_in_conditions(alone: stack.Account) -> None:
    alone.create_user("bob")
    iam = role_client(alone, "iam", _only_this_policy(alone))
    deny = f"arn:aws:iam::{alone.id}:policy/deny"
    assert refused(lambda: iam.attach_user_policy(UserName="bob", PolicyArn=deny)) == "AccessDenied"


def _find_holders(account: stack.Account) -> dict[str, Any]:
    users = f"arn:aws:iam::{account.id}:user/*"
    return {"Effect": "Allow", "Action": "iam:GetAccessKeyLastUsed", "Resource": users}


def test_the_holder_of_a_key_is_found_by_the_users_that_are_allowed(account: stack.Account) -> None:
    key = account.create_user("bob")
    iam = role_client(account, "iam", _find_holders(account))
    assert iam.get_access_key_last_used(AccessKeyId=key)["UserName"] == "bob"
    assert refused(lambda: iam.get_access_key_last_used(AccessKeyId="AKIA999988887EXAMPLE")) == "AccessDenied"


def test_ministack_alone_says_of_a_key_that_nobody_holds_that_it_does_not_exist(alone: stack.Account) -> None:
    unknown = {"AccessKeyId": "AKIA999988887EXAMPLE"}
    assert refused(lambda: alone.client("iam").get_access_key_last_used(**unknown)) == "NoSuchEntity"


def test_ministack_alone_judges_the_holder_of_a_key_by_no_user(alone: stack.Account) -> None:
    key = alone.create_user("bob")
    iam = role_client(alone, "iam", _find_holders(alone))
    assert refused(lambda: iam.get_access_key_last_used(AccessKeyId=key)) == "AccessDenied"


def _rename(account: stack.Account) -> str:
    """The unique id of bob, who is eve from then on."""
    account.create_user("bob")
    iam = account.client("iam")
    known: str = iam.get_user(UserName="bob")["User"]["UserId"]
    iam.update_user(UserName="bob", NewUserName="eve")
    return known


def test_a_user_with_another_name_is_the_same_user(account: stack.Account) -> None:
    known = _rename(account)
    iam = account.client("iam")
    assert iam.get_user(UserName="eve")["User"]["UserId"] == known
    (key,) = iam.list_access_keys(UserName="eve")["AccessKeyMetadata"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["UserName"] == "eve"
    assert refused(lambda: iam.get_user(UserName="bob")) == "NoSuchEntity"


def test_ministack_alone_gives_no_user_another_name(alone: stack.Account) -> None:
    assert refused(lambda: _rename(alone)) == "InvalidAction"


def _read_exceptions(account: stack.Account) -> dict[str, Any]:
    path = f"arn:aws:ssm:{stack.REGION}:{account.id}:parameter/iamwatch/exceptions"
    return {"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": path}


def test_parameters_are_read_by_the_path_that_is_allowed(account: stack.Account) -> None:
    ssm = role_client(account, "ssm", _read_exceptions(account))
    assert ssm.get_parameters_by_path(Path="/iamwatch/exceptions")["Parameters"] == []
    assert refused(lambda: ssm.get_parameters_by_path(Path="/iamwatch")) == "AccessDeniedException"


def test_ministack_alone_lets_no_path_of_parameters_be_allowed(alone: stack.Account) -> None:
    ssm = role_client(alone, "ssm", _read_exceptions(alone))
    assert refused(lambda: ssm.get_parameters_by_path(Path="/iamwatch/exceptions")) == "AccessDeniedException"


def _topic_for_one_role(account: stack.Account, condition: dict[str, Any]) -> Any:
    """A topic that refuses everybody but the role `limited`, and a client of that role."""
    sns = account.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    refuse = {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic, "Condition": condition}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(refuse))
    limited = role_client(account, "sns", {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic})
    return partial(limited.publish, TopicArn=topic, Message="x")


def _everybody_but(account: stack.Account, role: str) -> dict[str, Any]:
    return {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account.id}:role/{role}"}}


def test_a_session_is_its_role_in_conditions(account: stack.Account) -> None:
    _topic_for_one_role(account, _everybody_but(account, "limited"))()


def test_a_session_is_no_other_role_in_conditions(account: stack.Account) -> None:
    assert refused(_topic_for_one_role(account, _everybody_but(account, "other"))) == "AuthorizationError"


def test_ministack_alone_takes_a_session_for_no_role_in_conditions(alone: stack.Account) -> None:
    assert refused(_topic_for_one_role(alone, _everybody_but(alone, "limited"))) == "AuthorizationError"


WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def test_a_policy_that_demands_tls_lets_this_machine_in(account: stack.Account) -> None:
    _topic_for_one_role(account, WITHOUT_TLS)()


def test_ministack_alone_is_without_tls(alone: stack.Account) -> None:
    assert refused(_topic_for_one_role(alone, WITHOUT_TLS)) == "AuthorizationError"


def _only_own_findings(account: stack.Account) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "events:PutEvents",
        "Resource": f"arn:aws:events:{stack.REGION}:{account.id}:event-bus/default",
        "Condition": {"StringEquals": {"events:source": "iamwatch"}},
    }


def test_a_role_may_be_limited_to_one_event_source(account: stack.Account) -> None:
    events = role_client(account, "events", _only_own_findings(account))
    entry = {"Source": "iamwatch", "DetailType": "x", "Detail": "{}"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    assert refused(lambda: events.put_events(Entries=[{**entry, "Source": "forged"}])) == "AccessDeniedException"


def test_ministack_alone_does_not_know_the_event_source_in_conditions(alone: stack.Account) -> None:
    events = role_client(alone, "events", _only_own_findings(alone))
    entry = {"Source": "iamwatch", "DetailType": "x", "Detail": "{}"}
    assert refused(lambda: events.put_events(Entries=[entry])) == "AccessDeniedException"


def _bus_for_one_role(account: stack.Account, folder: Path, role: str) -> Callable[[], Any]:
    """A bus of a stack that refuses everybody but one role, and how the role `limited` puts an event there."""
    bus = f"arn:aws:events:{stack.REGION}:{account.id}:event-bus/findings"
    refuse = {"Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": bus}
    only = {"EventBusName": {"Ref": "Bus"}, "StatementId": "Only"}
    statement = {**refuse, "Condition": _everybody_but(account, role)}
    resources = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "findings"}},
        "Only": {"Type": "AWS::Events::EventBusPolicy", "Properties": {**only, "Statement": statement}},
    }
    template = folder / "template.json"
    template.write_text(json.dumps({"Resources": resources}))
    stack.deploy(account, template, folder, {})
    events = role_client(account, "events", {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus})
    return partial(events.put_events, Entries=[{"EventBusName": "findings", "Source": "x", "DetailType": "x", "Detail": "{}"}])


def test_a_bus_takes_events_from_those_whom_its_policy_does_not_refuse(account: stack.Account, tmp_path: Path) -> None:
    assert _bus_for_one_role(account, tmp_path, "limited")()["FailedEntryCount"] == 0


def test_a_bus_refuses_whom_its_policy_refuses(account: stack.Account, tmp_path: Path) -> None:
    assert refused(_bus_for_one_role(account, tmp_path, "other")) == "AccessDeniedException"


def test_ministack_alone_makes_no_policy_of_a_bus(alone: stack.Account, tmp_path: Path) -> None:
    assert refused(lambda: _bus_for_one_role(alone, tmp_path, "limited")) == "ValidationError"


def _table_for_one_role(account: stack.Account, folder: Path, role: str) -> Callable[[], Any]:
    """A table of a stack that only one role may write, and how the role `limited` writes there."""
    refuse = {"Effect": "Deny", "Principal": "*", "Action": "dynamodb:PutItem", "Resource": "*"}
    properties = {
        "TableName": "rows",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "ResourcePolicy": {"PolicyDocument": {"Statement": [{**refuse, "Condition": _everybody_but(account, role)}]}},
    }
    template = folder / "template.json"
    template.write_text(json.dumps({"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}}))
    stack.deploy(account, template, folder, {})
    table = role_client(account, "dynamodb", {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
    return partial(table.put_item, **_row("record#1"))


def test_a_table_is_written_by_those_whom_its_policy_does_not_refuse(account: stack.Account, tmp_path: Path) -> None:
    _table_for_one_role(account, tmp_path, "limited")()


def test_a_table_refuses_whom_its_policy_refuses(account: stack.Account, tmp_path: Path) -> None:
    assert refused(_table_for_one_role(account, tmp_path, "other")) == "AccessDeniedException"


def test_ministack_alone_makes_no_policy_of_a_table(alone: stack.Account, tmp_path: Path) -> None:
    _table_for_one_role(alone, tmp_path, "other")()


def _handed_on(account: stack.Account, to: stack.Account, may: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What comes to a queue behind another bus of an event that a rule hands on, and to the rule's dead letters. The role of the
    rule may make this call."""
    events, bus = account.client("events"), f"arn:aws:events:{to.region}:{to.id}:event-bus/default"
    iam = account.client("iam")
    role = iam.create_role(RoleName="hand", AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": may, "Resource": bus}
    iam.put_role_policy(RoleName="hand", PolicyName="may", PolicyDocument=policy(allowed))
    pattern = json.dumps({"source": ["own.source"], "account": [account.id], "region": [account.region]})
    rule = events.put_rule(Name="hand", EventPattern=pattern)["RuleArn"]
    letters, letters_arn = stack.open_queue(account, "letters", "events.amazonaws.com", rule)
    target = {"Id": "bus", "Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": letters_arn}}
    events.put_targets(Rule="hand", Targets=[target])
    there = to.client("events")
    rule = there.put_rule(Name="there", EventPattern=pattern)["RuleArn"]
    arrived, arrived_arn = stack.open_queue(to, "arrived", "events.amazonaws.com", rule)
    there.put_targets(Rule="there", Targets=[{"Id": "queue", "Arn": arrived_arn}])
    events.put_events(Entries=[{"Source": "own.source", "DetailType": "x", "Detail": "{}"}])
    return arrived.read(0, settle=0.5), letters.read(0, settle=0.2)


def test_an_event_is_handed_on_to_another_region_as_what_it_was_where_it_came_from(account: stack.Account) -> None:
    arrived, letters = _handed_on(account, replace(account, region="eu-west-1"), "events:PutEvents")
    assert [json.loads(message["Body"])["region"] for message in arrived] == [account.region]
    assert letters == []


def test_an_event_that_the_role_may_not_hand_on_is_a_dead_letter(account: stack.Account) -> None:
    arrived, letters = _handed_on(account, replace(account, region="eu-west-1"), "events:PutRule")
    assert (arrived, len(letters)) == ([], 1)


def test_a_bus_of_another_account_takes_only_what_its_policy_lets_in(
    account: stack.Account, local_aws: launcher.LocalAws
) -> None:
    other = stack.new_account(local_aws.endpoint)
    arrived, letters = _handed_on(account, other, "events:PutEvents")
    assert (arrived, len(letters)) == ([], 1)


def test_ministack_alone_hands_nothing_on_to_another_region(alone: stack.Account) -> None:
    arrived, letters = _handed_on(alone, replace(alone, region="eu-west-1"), "events:PutEvents")
    assert (arrived, letters) == ([], [])


def _only_claims(account: stack.Account) -> dict[str, Any]:
    account.client("dynamodb").create_table(
        TableName="rows",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return {
        "Effect": "Allow",
        "Action": "dynamodb:*",
        "Resource": "*",
        "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["claim#*"]}},
    }


def _row(key: str) -> dict[str, Any]:
    return {"TableName": "rows", "Item": {"pk": {"S": key}}}


def test_a_role_may_be_limited_to_some_keys_of_a_table(account: stack.Account) -> None:
    table = role_client(account, "dynamodb", _only_claims(account))
    table.put_item(**_row("claim#1"))
    table.transact_write_items(TransactItems=[{"Put": _row("claim#2")}])
    assert refused(lambda: table.put_item(**_row("record#1"))) == "AccessDeniedException"
    both = [{"Put": _row("claim#3")}, {"Put": _row("record#1")}]
    assert refused(lambda: table.transact_write_items(TransactItems=both)) == "AccessDeniedException"


def test_ministack_alone_does_not_know_leading_keys(alone: stack.Account) -> None:
    table = role_client(alone, "dynamodb", _only_claims(alone))
    table.put_item(**_row("record#1"))


def _only_two_attributes(account: stack.Account) -> dict[str, Any]:
    some = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "note"]}}
    return {**_only_claims(account), "Condition": some}


def test_a_role_may_be_limited_to_some_attributes(account: stack.Account) -> None:
    table = role_client(account, "dynamodb", _only_two_attributes(account))
    row = _row("claim#1")
    table.put_item(**{**row, "Item": {**row["Item"], "note": {"S": "x"}}})
    refuse = {**row, "Item": {**row["Item"], "due": {"S": "x"}}}
    assert refused(lambda: table.put_item(**refuse)) == "AccessDeniedException"
    conditional = {**row, "ConditionExpression": "attribute_not_exists(pk) OR due = :a", **_values("x")}
    assert refused(lambda: table.put_item(**conditional)) == "AccessDeniedException"
    named = {"TableName": "rows", "Key": row["Item"], **_values("y")}
    table.update_item(**named, UpdateExpression="SET #n = :a", ExpressionAttributeNames={"#n": "note"})
    other = {"UpdateExpression": "SET #n = :a", "ExpressionAttributeNames": {"#n": "due"}}
    assert refused(lambda: table.update_item(**named, **other)) == "AccessDeniedException"


def _values(text: str) -> dict[str, Any]:
    return {"ExpressionAttributeValues": {":a": {"S": text}}}


def test_ministack_alone_does_not_know_attributes(alone: stack.Account) -> None:
    table = role_client(alone, "dynamodb", _only_two_attributes(alone))
    row = _row("claim#1")
    table.put_item(**{**row, "Item": {**row["Item"], "due": {"S": "x"}}})


def test_iam_calls_are_recorded(account: stack.Account, local_aws: launcher.LocalAws) -> None:
    key = account.create_user("deploy-bot")
    iam = role_client(account, "iam", *_quarantine_statements(account))
    iam.update_access_key(UserName="deploy-bot", AccessKeyId=key, Status="Inactive")
    (call,) = [c for c in local_aws.iam_calls() if c["account"] == account.id and c["action"] == "UpdateAccessKey"]
    assert (call["user"], call["status"]) == ("deploy-bot", 200)
    assert call["caller"] == f"arn:aws:sts::{account.id}:assumed-role/limited/test"


# The account and the stack.


def test_accounts_do_not_see_each_other(local_aws: launcher.LocalAws) -> None:
    one, other = stack.new_account(local_aws.endpoint), stack.new_account(local_aws.endpoint)
    one.create_user("alice")
    assert other.client("iam").list_users()["Users"] == []
    assert other.client("sts").get_caller_identity()["Account"] == other.id


def test_a_stack_that_fails_gives_its_reasons(account: stack.Account, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {Trail: {Type: AWS::CloudTrail::Trail, Properties: {}}}")
    with pytest.raises((stack.DeployError, ClientError), match="AWS::CloudTrail::Trail"):
        stack.deploy(account, template, tmp_path, {})


def _function_with_code_of(folder: Path, bucket: str) -> Path:
    template = folder / "template.yaml"
    template.write_text(f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Small:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: small
      Runtime: provided.al2023
      Handler: bootstrap
      Role: !GetAtt Role.Arn
      Code: {{S3Bucket: {bucket}, S3Key: small.zip}}
  Role:
    Type: AWS::IAM::Role
    Properties: {{AssumeRolePolicyDocument: {policy(TRUST)}}}
""")
    return template


def _answer(account: stack.Account) -> Any:
    return json.load(account.client("lambda").invoke(FunctionName="small", Payload="{}")["Payload"])


def test_the_code_of_a_function_may_be_in_another_account(local_aws: launcher.LocalAws, tmp_path: Path) -> None:
    owner, other = stack.new_account(local_aws.endpoint), stack.new_account(local_aws.endpoint)
    owner.client("s3").create_bucket(Bucket="packages-of-owner")
    code = _package(BOOTSTRAP.format(python=sys.executable))
    owner.client("s3").put_object(Bucket="packages-of-owner", Key="small.zip", Body=code)
    stack.deploy(other, _function_with_code_of(tmp_path, "packages-of-owner"), tmp_path, {})
    assert _answer(other) == {"ok": True}


def test_a_stack_whose_code_is_missing_fails(account: stack.Account, tmp_path: Path) -> None:
    with pytest.raises(stack.DeployError, match=r"no package `s3://nowhere/small\.zip`"):
        stack.deploy(account, _function_with_code_of(tmp_path, "nowhere"), tmp_path, {})


def test_ministack_alone_makes_up_the_answer_of_a_function_without_code(alone: stack.Account, tmp_path: Path) -> None:
    stack.deploy(alone, _function_with_code_of(tmp_path, "nowhere"), tmp_path, {})
    assert _answer(alone)["body"] == "Mock response - no code deployed"


ALARM_ON_AN_EXPRESSION = """
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Metrics:
        - {Id: all, Expression: SUM(METRICS())}
        - {Id: one, MetricStat: {Stat: Sum, Period: 60, Metric: {Namespace: AWS/Lambda, MetricName: Errors}}}
"""


def test_a_stack_may_have_an_alarm_on_an_expression(account: stack.Account, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(ALARM_ON_AN_EXPRESSION)
    stack.deploy(account, tmp_path / "template.yaml", tmp_path, {})
    assert len(account.client("cloudwatch").describe_alarms()["MetricAlarms"]) == 1


def test_ministack_alone_refuses_a_stack_with_an_alarm_on_an_expression(alone: stack.Account, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(ALARM_ON_AN_EXPRESSION)
    with pytest.raises(stack.DeployError, match=r"Alarm \(AWS::CloudWatch::Alarm\): .*metric math"):
        stack.deploy(alone, tmp_path / "template.yaml", tmp_path, {})


def test_short_forms_and_dates_of_a_template_are_kept(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Version: 2012-10-17\n"
        "Resources:\n"
        "  A: !Ref B\n"
        "  C: !GetAtt D.Arn\n"
        "  E: !If [F, !Sub 'x-${G}', !Ref AWS::NoValue]\n"
        "  H: {Condition: I, J: !Condition K}\n"
    )
    assert stack.load_template(template) == {
        "Version": "2012-10-17",
        "Resources": {
            "A": {"Ref": "B"},
            "C": {"Fn::GetAtt": ["D", "Arn"]},
            "E": {"Fn::If": ["F", {"Fn::Sub": "x-${G}"}, {"Ref": "AWS::NoValue"}]},
            "H": {"Condition": "I", "J": {"Condition": "K"}},
        },
    }


def test_a_missing_binary_is_named_with_the_command_that_builds_it(tmp_path: Path) -> None:
    with pytest.raises(stack.BinaryMissing) as error:
        stack.package_binary(tmp_path, "root-usage")
    assert str(error.value) == f"`{tmp_path}/root-usage` is missing: build it with `make quick`"


def test_a_package_is_made_again_only_when_its_binary_is_newer(tmp_path: Path) -> None:
    binary = tmp_path / "digest"
    binary.write_bytes(b"one")
    package = stack.package_binary(tmp_path, "digest")
    made = package.stat().st_mtime_ns
    assert stack.package_binary(tmp_path, "digest").stat().st_mtime_ns == made
    binary.write_bytes(b"two")
    os.utime(binary, ns=(made + 1_000_000_000, made + 1_000_000_000))
    with zipfile.ZipFile(stack.package_binary(tmp_path, "digest")) as archive:
        assert archive.read("bootstrap") == b"two"
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o755
