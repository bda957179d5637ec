"""The line end to end: an event in at EventBridge, a readable alert and a contained key out.

Real functions, compiled from this repository, on the local AWS with IAM enforced. Nothing is mocked: what
template.yaml forgets, a test here feels.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import events
import launcher
import stack
from conftest import ACCOUNT_NAME, BREAK_GLASS, ON_CALL, DeployLine
from line import Line

WATCHERS = ("RootUsage", "AccessKeys", "IamChanges", "AccessDenied", "SignIn", "Guardrails")
FUNCTIONS = (*WATCHERS, "Quarantine", "QuarantineApproval", "Digest")
OTHER_USERS_KEY = "access-key-created-for-another-user"


def key_for_another_user(line: Line, user: str = "deploy-bot", path: str = "/") -> tuple[str, events.CloudTrailEvent]:
    """A real new key of a real user, and the event that says alice made it."""
    key = line.account.create_user(user, path)
    return key, events.create_access_key(events.iam_user(line.account.id, "alice"), user, key)


def findings_asked_about(line: Line) -> list[str]:
    """What quarantine said of findings. It is started by calls too that may give something back to a user it contains."""
    return [said for said in line.stack.logs("Quarantine") if '"detection"' in said]


def no_event_failed(line: Line) -> None:
    assert line.failed.read(0, settle=0.2) == [], "a function failed for good"
    assert line.undelivered.read(0, settle=0.2) == [], "EventBridge could not deliver"


# Deploy.


def test_every_function_of_the_stack_starts(deploy_line: DeployLine) -> None:
    line = deploy_line()
    functions = line.account.client("lambda")
    for name in FUNCTIONS:
        answer = functions.invoke(FunctionName=line.stack.physical_id(name), Payload="{}")
        said = answer["Payload"].read().decode()
        if name == "Quarantine":
            # It acts on findings only, and a call without one is kept for the operators.
            assert "no finding" in said
        else:
            assert "FunctionError" not in answer, f"{name}: {said}"


def test_wrong_configuration_is_refused_at_the_start_with_all_its_mistakes(deploy_line: DeployLine) -> None:
    line = deploy_line()
    functions = line.account.client("lambda")
    name = line.stack.physical_id("AccessKeys")
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    wrong = {**environment, "IAMWATCH_MIN_SEVERITY": "LOUD", "IAMWATCH_QUARANTINE_MODE": "perhaps"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": wrong})
    answer = functions.invoke(FunctionName=name, Payload="{}")
    assert "FunctionError" in answer
    said = answer["Payload"].read().decode() + "\n".join(line.stack.logs("AccessKeys"))
    assert "IAMWATCH_MIN_SEVERITY" in said and "IAMWATCH_QUARANTINE_MODE" in said


# Alert and containment.


@pytest.mark.parametrize(("mode", "status"), [("enforce", "Inactive"), ("dry-run", "Active"), ("off", "Active")])
def test_a_key_for_another_user_is_told_once_and_contained_only_in_enforce(
    deploy_line: DeployLine, mode: str, status: str
) -> None:
    line = deploy_line(mode)
    key, event = key_for_another_user(line)
    line.send(event)

    (alert,) = line.alerts("access-keys")
    assert alert.attributes["detection"] == OTHER_USERS_KEY
    assert alert.attributes["account"] == line.account.id
    assert alert.attributes["severity"] in alert.subject
    assert alert.json()["class_uid"] == 2004, "a machine gets the finding as OCSF Detection Finding"

    email = line.emails()[0]
    first = email["text"].splitlines()[0]
    assert email["to"] == ON_CALL
    assert ACCOUNT_NAME in email["subject"]
    for word in ("alice", "created access key", "deploy-bot", ACCOUNT_NAME):
        assert word in first
    assert events.ADDRESS in email["text"]

    recorded = {"enforce": "VERIFIED", "dry-run": "DRY_RUN"}
    if mode in recorded:
        stack.wait_for(line.stack.quarantine_records, 20, "quarantine's record")
        assert list(line.stack.quarantine_records().values()) == [recorded[mode]]
    if mode == "enforce":
        assert [report["state"] for report in line.quarantine_reports()] == ["VERIFIED"]
    assert line.account.key_status("deploy-bot", key) == status
    written = [(call["action"], call["user"]) for call in line.iam_writes()]
    assert written == ([("UpdateAccessKey", "deploy-bot")] if mode == "enforce" else [])
    no_event_failed(line)


def test_the_alert_says_what_quarantine_would_do_in_dry_run(deploy_line: DeployLine) -> None:
    line = deploy_line("dry-run")
    key, event = key_for_another_user(line)
    line.send(event)
    names_the_call = re.compile(r"update-?access-?key", re.IGNORECASE)
    said = stack.wait_for(
        lambda: [m["text"] for m in line.emails() if names_the_call.search(m["text"])], 20, "an e-mail with the call"
    )
    assert key in said[0] and "Inactive" in said[0]


def test_the_same_event_ten_times_at_once_is_one_alert_and_one_action(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    key, event = key_for_another_user(line)
    line.send(*[event] * 10)
    line.wait_for_calls("AccessKeys", 10)
    assert len(line.alerts("access-keys")) == 1
    assert len(line.quarantine_reports()) == 1
    assert line.account.key_status("deploy-bot", key) == "Inactive"
    assert [call["action"] for call in line.iam_writes()] == ["UpdateAccessKey"]
    assert len(line.stack.quarantine_records()) == 1
    no_event_failed(line)


def test_an_exempt_user_is_told_of_and_left_alone(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    key, event = key_for_another_user(line, "anna", BREAK_GLASS)
    line.send(event)
    assert len(line.alerts("access-keys")) == 1
    assert [report["refusal"] for report in line.quarantine_reports()] == ["exempt"]
    assert line.account.key_status("anna", key) == "Active"
    assert line.iam_writes() == []
    no_event_failed(line)


def test_an_event_about_a_key_that_does_not_exist_changes_nothing(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    key = line.account.create_user("deploy-bot")
    alice = events.iam_user(line.account.id, "alice")
    line.send(events.create_access_key(alice, "deploy-bot", "AKIA999988887EXAMPLE"))
    assert [report["refusal"] for report in line.quarantine_reports()] == ["no-such-key"]
    assert line.account.key_status("deploy-bot", key) == "Active"
    assert line.iam_writes() == []


def test_an_event_sixteen_minutes_old_is_told_and_not_acted_on(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    key, event = key_for_another_user(line)
    line.send(event.with_detail(eventTime=events.time_ago(minutes=16)))
    assert len(line.alerts("access-keys")) == 1
    (report,) = line.quarantine_reports()
    assert report["refusal"]
    assert line.account.key_status("deploy-bot", key) == "Active"
    assert line.iam_writes() == []


def test_a_flood_of_new_keys_is_contained_up_to_the_budget_and_told_whole(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    made = [(f"bot-{n}", *key_for_another_user(line, f"bot-{n}")) for n in range(8)]
    for _user, _key, event in made:
        line.send(event)
    line.wait_for_calls("Quarantine", 8)
    told = line.alerts("access-keys", 5)
    assert len(told) + len(line.told_of_held_back()["counts"]) >= 8, "what was held back is named"
    status = [line.account.key_status(user, key) for user, key, _event in made]
    assert (status.count("Inactive"), status.count("Active")) == (3, 5)
    assert len(line.iam_writes()) == 3


def test_root_signing_in_is_one_alert(deploy_line: DeployLine) -> None:
    line = deploy_line()
    line.send(events.root_sign_in(line.account.id))
    (alert,) = line.alerts("root-usage")
    assert alert.attributes["severity"] == "CRITICAL"
    first = line.emails()[0]["text"].splitlines()[0]
    assert "root" in first and "signed in" in first and ACCOUNT_NAME in first
    no_event_failed(line)


@pytest.mark.parametrize("name", ["AttachUserPolicy", "ListUsers"])
def test_denied_calls_reach_the_watcher_reads_included(deploy_line: DeployLine, name: str) -> None:
    line = deploy_line(MinSeverity="LOW")
    mallory = events.iam_user(line.account.id, "mallory")
    # Several, since one denied call may well be below what is worth telling.
    line.send(*[events.denied_call(mallory, name=name) for _ in range(30)])
    line.wait_for_denied_calls()
    alert = line.alerts("access-denied")[0]
    assert "mallory" in alert.message
    assert len(line.alerts("access-denied")) < 5, "one incident, not one alert per event"
    assert [line.stack.invocations(other) for other in WATCHERS if other != "AccessDenied"] == [0] * 5
    assert line.iam_writes() == []
    no_event_failed(line)


def test_what_happened_again_is_counted_and_told_once_when_the_incident_is_over(deploy_line: DeployLine) -> None:
    line = deploy_line()
    for _ in range(3):
        line.send(events.root_sign_in(line.account.id))
    assert len(line.alerts("root-usage")) == 1
    line.wait_for_calls("RootUsage", 3)
    dynamodb, table = line.account.client("dynamodb"), line.stack.outputs["TableName"]
    (incident,) = [item for item in dynamodb.scan(TableName=table)["Items"] if item["pk"]["S"].startswith("incident#")]
    # The incident is over after a quarter of an hour without an event, in real time: here at once.
    dynamodb.update_item(
        TableName=table,
        Key={"pk": incident["pk"]},
        UpdateExpression="SET due_at = :past, latest = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    for _ in range(2):
        line.digest()
    _, counted = line.alerts("root-usage", count=2)
    assert "x3 in" in line.emails()[-1]["text"].splitlines()[0]
    assert counted.attributes["severity"] == "CRITICAL"


def test_a_flood_is_held_back_and_named_in_one_message_and_what_is_critical_passes(deploy_line: DeployLine) -> None:
    line = deploy_line()
    principals, each = 20, 3
    for _ in range(each):
        mallories = [events.iam_user(line.account.id, f"mallory-{n}") for n in range(principals)]
        line.send(*[events.create_access_key(who, "deploy-bot", "AKIA999988887EXAMPLE") for who in mallories])
    line.wait_for_calls("AccessKeys", principals * each)
    line.send(events.root_sign_in(line.account.id))
    (critical,) = line.alerts("root-usage")
    assert critical.attributes["severity"] == "CRITICAL"

    # Five where there are processors enough: sixty functions at once take their time here.
    told = line.alerts("access-keys", 2)
    assert line.most_emails_within(10) <= 10, "one a second, and sixty functions on one machine are late for theirs"
    held = line.told_of_held_back()
    assert len(told) + held["alerts"] == principals, "each incident once"
    named = {alert.json()["unmapped"]["iamwatch"]["incident"] for alert in told} | set(held["counts"])
    assert len(named) == principals
    email = line.emails()[-1]
    assert f"held back: {held['alerts']} alerts about" in email["subject"]
    assert "mallory-" in email["text"]

    line.digest()
    assert len(line.held_back()) == 1, "nothing is told twice"
    dynamodb, table = line.account.client("dynamodb"), line.stack.outputs["TableName"]
    items = {item["pk"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}
    assert not [key for key in items if key.startswith("held#")]
    counts = [int(item["count"]["N"]) for key, item in items.items() if key.startswith("incident#")]
    assert sorted(counts) == [1, *[each] * principals], "no count is lost"
    no_event_failed(line)


def test_stopping_the_trail_is_told(deploy_line: DeployLine) -> None:
    line = deploy_line()
    line.send(events.stop_logging(events.iam_user(line.account.id, "mallory"), "organization-trail"))
    (alert,) = line.alerts("guardrails")
    assert alert.attributes["severity"] in ("HIGH", "CRITICAL")


# Bad input.


def test_poison_is_a_finding_and_no_retry_loop(deploy_line: DeployLine) -> None:
    line = deploy_line(MinSeverity="LOW")
    function = line.stack.physical_id("AccessKeys")
    poison = events.poison(events.iam_user(line.account.id, "alice"))
    payloads = [event.envelope(line.account.id) for event in poison.values()] + list(events.NOT_EVENTS.values())
    for payload in payloads:
        line.account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload))
    line.wait_for_calls("AccessKeys", len(payloads))
    heard = line.subscriber.read(2)
    assert "unreadable-event" in [notification.attributes["detection"] for notification in heard]
    assert line.findings.read(1), "machines hear of it too"
    assert line.stack.invocations("AccessKeys") == len(payloads), "no call was repeated"
    assert line.iam_writes() == []
    no_event_failed(line)


@pytest.mark.parametrize("kind", ["wrong-types", "null-identity", "200-kilobytes", "deeply-nested"])
def test_poison_on_the_bus_is_one_call_and_one_finding(deploy_line: DeployLine, kind: str) -> None:
    line = deploy_line(MinSeverity="LOW")
    event = events.poison(events.iam_user(line.account.id, "alice"))[kind]
    line.send(event)
    (finding,) = line.findings_about(event)
    if kind == "wrong-types":
        assert finding["detection"] == "unreadable-event"
    assert sum(line.stack.invocations(name) for name in WATCHERS) == 1
    assert line.iam_writes() == []
    no_event_failed(line)


# When something is broken.


@contextmanager
def publishing_forbidden(line: Line) -> Iterator[None]:
    """A policy on the topic that lets nobody publish, until the block ends."""
    sns, topic = line.account.client("sns"), line.stack.outputs["TopicArn"]
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    statement = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": topic}
    nobody = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=nobody)
    yield
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=before)


def test_an_event_whose_alert_cannot_be_published_ends_in_the_failed_queue_after_three_tries(
    deploy_line: DeployLine,
) -> None:
    line = deploy_line()
    event = events.root_sign_in(line.account.id)
    with publishing_forbidden(line):
        line.send(event)
        (kept,) = line.failed.read(seconds=30)
    letter = json.loads(kept["Body"])
    assert letter["requestPayload"]["detail"]["eventID"] == event.event_id
    assert "sns" in json.dumps(letter["responsePayload"]).lower(), "the error names what failed"
    assert line.stack.invocations("RootUsage") == 3
    assert line.emails() == []


def test_an_alert_that_failed_to_publish_is_sent_on_retry_and_only_once(deploy_line: DeployLine) -> None:
    line = deploy_line()
    with publishing_forbidden(line):
        line.send(events.root_sign_in(line.account.id))
        line.wait_for_calls("RootUsage", 1)
    assert len(line.alerts("root-usage")) == 1
    no_event_failed(line)


def test_an_event_whose_function_is_gone_is_a_dead_letter(deploy_line: DeployLine) -> None:
    line = deploy_line()
    line.account.client("lambda").delete_function(FunctionName=line.stack.physical_id("RootUsage"))
    event = events.root_sign_in(line.account.id)
    line.send(event)
    (letter,) = line.undelivered.read()
    assert json.loads(letter["Body"])["detail"]["eventID"] == event.event_id


def without_permission(action: str) -> Any:
    """Takes one action out of every policy of a template."""

    def strip(value: Any) -> Any:
        if isinstance(value, list):
            return [kept for item in value if (kept := strip(item)) is not None]
        if not isinstance(value, dict):
            return value
        if "Effect" in value and "Action" in value and value["Effect"] == "Allow":
            named = value["Action"] if isinstance(value["Action"], list) else [value["Action"]]
            left = [name for name in named if name != action]
            return {**value, "Action": left} if left else None
        return {key: strip(item) for key, item in value.items()}

    def change(document: dict[str, Any]) -> None:
        before = json.dumps(document["Resources"])
        document["Resources"] = strip(document["Resources"])
        assert json.dumps(document["Resources"]) != before, f"no policy of the template allows `{action}`"

    return change


def test_without_the_right_to_publish_the_line_fails_visibly(deploy_line: DeployLine) -> None:
    line = deploy_line(change=without_permission("sns:Publish"))
    line.send(events.root_sign_in(line.account.id))
    (kept,) = line.failed.read(seconds=30)
    assert "not authorized to perform: sns:Publish" in kept["Body"] + "\n".join(line.stack.logs("RootUsage"))


def test_without_the_right_to_hand_over_people_still_hear_once(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce", change=without_permission("events:PutEvents"))
    key, event = key_for_another_user(line)
    line.send(event)
    (kept,) = line.failed.read(seconds=30)
    assert json.loads(kept["Body"])["requestPayload"]["detail"]["eventID"] == event.event_id
    assert len(line.alerts("access-keys")) == 1
    assert line.account.key_status("deploy-bot", key) == "Active"


def test_without_the_right_to_switch_keys_off_quarantine_fails_visibly(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce", change=without_permission("iam:UpdateAccessKey"))
    key, event = key_for_another_user(line)
    line.send(event)
    assert len(line.alerts("access-keys")) == 1
    (report,) = line.quarantine_reports()
    assert report["state"] == "FAILED"
    assert line.emails()[-1]["subject"].startswith("[CRITICAL]"), "the key works"
    told = "\n".join([*line.stack.logs("Quarantine"), *(email["text"] for email in line.emails())])
    assert "iam:UpdateAccessKey" in told, "the missing permission is named"
    assert line.account.key_status("deploy-bot", key) == "Active"


def test_with_the_table_gone_people_still_hear_and_quarantine_does_not_act(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    key, event = key_for_another_user(line)
    dynamodb, table = line.account.client("dynamodb"), line.stack.outputs["TableName"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    line.send(event)
    assert len(line.alerts("access-keys")) >= 1
    assert line.findings.read(1), "machines hear of it too"
    assert findings_asked_about(line) == [], "what could not be claimed is not handed to quarantine"
    assert line.account.key_status("deploy-bot", key) == "Active"
    assert line.iam_writes() == []


def test_with_the_table_gone_a_function_tells_one_alert_a_second(deploy_line: DeployLine) -> None:
    line = deploy_line()
    dynamodb, table = line.account.client("dynamodb"), line.stack.outputs["TableName"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)
    functions, name = line.account.client("lambda"), line.stack.physical_id("RootUsage")
    begun = time.monotonic()
    for _ in range(4):
        payload = json.dumps(events.root_sign_in(line.account.id).envelope(line.account.id))
        assert "FunctionError" not in functions.invoke(FunctionName=name, Payload=payload)
    assert time.monotonic() - begun >= 3
    assert len(line.alerts("root-usage", 4)) == 4


# What IAM knows beside the event.


ADMINISTRATOR = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_a_policy_that_the_event_only_names_is_read_and_judged(deploy_line: DeployLine) -> None:
    line = deploy_line()
    line.account.create_user("bob")
    iam = line.account.client("iam")
    arn = iam.create_policy(PolicyName="limits", PolicyDocument=events.policy(ADMINISTRATOR))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    alice = events.iam_user(line.account.id, "alice")
    line.send(events.iam_call(alice, "AttachUserPolicy", {"userName": "bob", "policyArn": arn}))
    (alert,) = line.alerts("iam-changes")
    assert alert.attributes["severity"] == "CRITICAL"
    assert "attached policy limits, which gives administrator rights, to user bob" in line.emails()[0]["text"].splitlines()[0]
    no_event_failed(line)


def test_a_path_across_two_policies_of_a_role_is_found(deploy_line: DeployLine) -> None:
    line = deploy_line()
    iam = line.account.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=events.policy())
    run = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
    iam.put_role_policy(RoleName="app", PolicyName="run", PolicyDocument=events.policy(run))
    document = events.policy({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"})
    iam.put_role_policy(RoleName="app", PolicyName="pass", PolicyDocument=document)
    alice = events.iam_user(line.account.id, "alice")
    put = {"roleName": "app", "policyName": "pass", "policyDocument": document}
    line.send(events.iam_call(alice, "PutRolePolicy", put))
    (alert,) = line.alerts("iam-changes")
    assert alert.attributes["severity"] == "HIGH"
    assert "path PE-069" in line.emails()[0]["text"]
    assert "of inline policy run" in line.emails()[0]["text"]


def test_the_same_policy_put_again_is_silent(deploy_line: DeployLine) -> None:
    line = deploy_line()
    alice = events.iam_user(line.account.id, "alice")
    put = {"userName": "bob", "policyName": "more", "policyDocument": events.policy(ADMINISTRATOR)}
    line.send(events.iam_call(alice, "PutUserPolicy", put))
    assert len(line.alerts("iam-changes")) == 1
    line.send(events.iam_call(alice, "PutUserPolicy", put))
    line.wait_for_calls("IamChanges", 2)
    assert len(line.findings.read(1)) == 1, "not even machines hear of it"


def test_a_baseline_makes_the_first_change_of_a_policy_comparable(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line()
    iam = line.account.client("iam")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=events.policy())
    iam.put_role_policy(RoleName="app", PolicyName="all", PolicyDocument=events.policy(ADMINISTRATOR))
    assert "learned" in line.stack.iamwatch(binaries, "baseline")
    alice = events.iam_user(line.account.id, "alice")
    put = {"roleName": "app", "policyName": "all", "policyDocument": events.policy(ADMINISTRATOR)}
    line.send(events.iam_call(alice, "PutRolePolicy", put))
    line.wait_for_calls("IamChanges", 1)
    assert line.findings.read(0, settle=0.5) == [], "it says what it said before"


def test_without_the_right_to_read_iam_the_finding_says_what_it_could_not_see(deploy_line: DeployLine) -> None:
    line = deploy_line(change=without_permission("iam:GetPolicy"))
    arn = f"arn:aws:iam::{line.account.id}:policy/limits"
    alice = events.iam_user(line.account.id, "alice")
    event = events.iam_call(alice, "AttachUserPolicy", {"userName": "bob", "policyArn": arn})
    line.send(event)
    (found,) = line.findings_about(event)
    not_seen = [fact["value"] for fact in found["finding"]["evidence"] if fact["label"] == "Not seen"]
    assert any("iam:GetPolicy" in why and "not authorized" in why for why in not_seen), not_seen
    no_event_failed(line)


# Exceptions.


EXCEPTION = """
[[exception]]
id = "alice-makes-keys"
detections = ["{detection}"]
actor = "arn:aws:iam::{account}:user/alice"
target = "arn:aws:iam::{account}:user/deploy-bot"
reason = "she hands out the keys of this user"
owner = "platform team"
expires = 2999-12-31
long = "it ends with this test"
"""


def restart(line: Line, function: str) -> None:
    """A new process of a function, which knows nothing that an older one read."""
    functions, name = line.account.client("lambda"), line.stack.physical_id(function)
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": environment})


def test_an_exception_suppresses_until_it_is_taken_back(
    deploy_line: DeployLine, binaries: Path, tmp_path: Path
) -> None:
    line = deploy_line("enforce")
    file = tmp_path / "exceptions.toml"
    file.write_text(EXCEPTION.format(account=line.account.id, detection=OTHER_USERS_KEY))
    exceptions = ("exceptions", "--stack", line.stack.name)
    assert "+ alice-makes-keys" in line.stack.iamwatch(binaries, *exceptions, "plan", str(file))
    assert "done: alice-makes-keys" in line.stack.iamwatch(binaries, *exceptions, "apply", str(file))
    assert "1 as they should be" in line.stack.iamwatch(binaries, *exceptions, "plan", str(file))

    key, event = key_for_another_user(line)
    line.send(event, event)
    line.wait_for_calls("AccessKeys", 2)
    (found,) = line.findings_about(event)
    assert (found["suppressed"], found["asks"]) == (True, None)
    assert found["finding"]["suppressed_by"] == "alice-makes-keys"
    assert line.emails() == []
    assert findings_asked_about(line) == []
    assert line.account.key_status("deploy-bot", key) == "Active"
    (row,) = [r for r in line.stack.iamwatch(binaries, *exceptions, "report").splitlines() if "alice" in r]
    assert re.match(r"alice-makes-keys  until 2999-12-31  1 ", row), row

    file.write_text("# Nothing is excepted any more.\n")
    assert "- alice-makes-keys" in line.stack.iamwatch(binaries, *exceptions, "apply", str(file))
    restart(line, "AccessKeys")
    alice = events.iam_user(line.account.id, "alice")
    another = line.account.client("iam").create_access_key(UserName="deploy-bot")["AccessKey"]["AccessKeyId"]
    line.send(events.create_access_key(alice, "deploy-bot", another))
    assert len(line.alerts("access-keys")) == 1
    assert [report["state"] for report in line.quarantine_reports()] == ["VERIFIED"]
    no_event_failed(line)


def test_without_the_right_to_read_exceptions_nothing_is_suppressed(
    deploy_line: DeployLine, binaries: Path, tmp_path: Path
) -> None:
    line = deploy_line(change=without_permission("ssm:GetParametersByPath"))
    file = tmp_path / "exceptions.toml"
    file.write_text(EXCEPTION.format(account=line.account.id, detection=OTHER_USERS_KEY))
    line.stack.iamwatch(binaries, "exceptions", "--stack", line.stack.name, "apply", str(file))
    _, event = key_for_another_user(line)
    line.send(event)
    assert len(line.alerts("access-keys")) == 1
    said = "\n".join(line.stack.logs("AccessKeys"))
    assert "ssm:GetParametersByPath" in said and "nothing is suppressed" in said
    no_event_failed(line)


def test_a_change_of_the_exceptions_is_an_alert(deploy_line: DeployLine) -> None:
    line = deploy_line()
    mallory = events.iam_user(line.account.id, "mallory")
    line.send(events.put_parameter(mallory, f"/{line.stack.name}/exceptions/mine"))
    (alert,) = line.alerts("guardrails")
    assert (alert.attributes["severity"], alert.attributes["detection"]) == ("HIGH", "own-exceptions-changed")


# Undo.


def test_restore_switches_the_key_on_again_and_nothing_contains_it_twice(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line("enforce")
    key, event = key_for_another_user(line)
    line.send(event)
    (report,) = line.quarantine_reports()
    record = report["record"]
    assert line.stack.quarantine_records() == {record: "VERIFIED"}

    listed = line.stack.iamwatch(binaries, "quarantine", "list")
    assert record in listed and "deploy-bot" in listed
    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes")
    assert line.account.key_status("deploy-bot", key) == "Active"
    assert line.stack.quarantine_records() == {record: "RESTORED"}

    line.send(event)
    line.wait_for_calls("AccessKeys", 2)
    line.alerts("access-keys")
    assert line.account.key_status("deploy-bot", key) == "Active"


# What people read.


def test_a_subscriber_over_http_gets_the_text_of_the_email(deploy_line: DeployLine) -> None:
    line = deploy_line()
    with stack.subscribe_web(line.account, line.stack.outputs["TopicArn"]) as page:
        line.send(events.root_sign_in(line.account.id))
        (delivered,) = page.read()
    (email,) = line.emails()
    assert (delivered.subject, delivered.message) == (email["subject"], email["text"])


def test_an_email_is_plain_text_that_fits_a_mail(deploy_line: DeployLine) -> None:
    line = deploy_line("enforce")
    _, event = key_for_another_user(line)
    line.send(event)
    line.alerts("access-keys")
    for email in line.emails():
        assert re.fullmatch(r"[ -~]{1,99}", email["subject"])
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e]", email["text"])
        assert len(email["text"].encode()) < 256 * 1024
        assert not email["text"].lstrip().startswith("{")


def test_events_of_the_accounts_that_the_owner_named_are_looked_at_and_nothing_is_done_there(deploy_line: DeployLine) -> None:
    member, stranger = "210987654321", "345678901234"
    line = deploy_line("enforce", MemberAccounts=member)
    home, client = line.account.id, line.account.client("events")
    event = events.create_access_key(events.iam_user(member, "mallory"), "deploy-bot", "AKIA999988887EXAMPLE")
    event = event.with_detail(recipientAccountId=member)
    patterns = [rule["EventPattern"] for rule in client.list_rules()["Rules"] if "EventPattern" in rule]

    def admitted(account: str) -> int:
        envelope = json.dumps({**event.envelope(account), "resources": []})
        return sum(client.test_event_pattern(EventPattern=pattern, Event=envelope)["Result"] for pattern in patterns)

    assert admitted(member) == 1, "the watcher's rule; quarantine's own watch stays at home"
    assert admitted(stranger) == 0
    assert admitted(home) >= 1

    function = line.stack.physical_id("AccessKeys")
    line.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event.envelope(member)))
    (alert,) = line.alerts("access-keys")
    assert alert.attributes["account"] == member
    (email,) = line.emails()
    assert f"IAM of account {member}" in email["text"]
    assert line.stack.invocations("Quarantine") == 0
    assert line.iam_writes() == []


FORWARDER = Path(__file__).resolve().parents[2] / "forwarder.yaml"


def forward(account: stack.Account, binaries: Path, **parameters: str) -> stack.Stack:
    """Deploy the forwarder to the region of an account."""
    return stack.deploy(account, FORWARDER, binaries, parameters, name="iamwatch-forwarder")


def test_what_happens_in_another_account_and_region_comes_through_the_forwarder_to_an_alert(
    deploy_line: DeployLine, local_aws: launcher.LocalAws, binaries: Path
) -> None:
    member = stack.new_account(local_aws.endpoint)
    line = deploy_line("enforce", MemberAccounts=member.id)
    forward(member, binaries, CentralAccount=line.account.id)
    ireland = replace(line.account, region="eu-west-1")
    forward(ireland, binaries)

    key = events.create_access_key(events.iam_user(member.id, "mallory"), "deploy-bot", "AKIA999988887EXAMPLE")
    events.send(member.client("events"), key)
    (alert,) = line.alerts("access-keys")
    assert alert.attributes["account"] == member.id

    denied = events.denied_call(events.iam_user(line.account.id, "eve"), "iam", "CreateUser")
    events.send(ireland.client("events"), denied.with_detail(awsRegion=ireland.region))
    (alert,) = line.alerts("access-denied")
    assert alert.json()["cloud"]["region"] == ireland.region
    # What nobody looks at is handed on by nobody, and an account that nobody named hands on nothing.
    events.send(ireland.client("events"), events.iam_call(events.iam_user(line.account.id, "eve"), "ListUsers", {}))
    stranger = stack.new_account(local_aws.endpoint)
    forwarder = forward(stranger, binaries, CentralAccount=line.account.id)
    stranger_key = events.create_access_key(events.iam_user(stranger.id, "x"), "y", "AKIA999988887EXAMPLE")
    events.send(stranger.client("events"), stranger_key)
    letters = stack.Queue(stranger, forwarder.physical_id("NotHandedOn"))
    assert len(letters.read(1)) == 1, "the bus does not let it in"
    assert len(line.alerts("access-keys")) == 1 and len(line.alerts("access-denied")) == 1
