"""Denied calls by the thousand: few messages, every call counted, and nothing lost with a function that dies.

The figures that docs/performance.md quotes are printed by `pytest local-aws -k denied -s`.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import events
import processes
from conftest import DeployLine
from line import Line
from stack import Account, wait_for
from test_line import publishing_forbidden

#: 500 for the figures; fewer make a test that is done while one waits for it.
PRINCIPALS = int(os.environ.get("PRINCIPALS", "100"))
CALLS = ("DescribeInstances", "DescribeVpcs", "RunInstances", "CreateKeyPair", "DescribeSnapshots")


def counts(line: Line) -> Counter[int]:
    """How many incidents have counted how many calls."""
    return Counter(int(row["count"]["N"]) for row in line.incidents())


def report(line: Line, name: str, **figures: Any) -> None:
    writes = sum(int(row["version"]["N"]) for row in line.dossiers())
    figures |= {"batches": line.stack.invocations("AccessDenied"), "writes": writes}
    print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))


def nothing_failed(line: Line) -> None:
    assert line.failed.read(0, settle=0.2) == [], "a denied call was given up"
    assert line.undelivered.read(0, settle=0.2) == [], "EventBridge could not deliver"


def test_ten_thousand_denied_calls_of_one_principal_are_few_messages_and_the_exact_count(deploy_line: DeployLine) -> None:
    line = deploy_line()
    account, begun = line.account.id, time.monotonic()
    for start in range(0, 10_000, 500):
        sessions = (events.role_session(account, "web", f"session-{number}") for number in range(start, start + 500))
        line.send(*[events.denied_call(who, "ec2", CALLS[n % len(CALLS)]) for n, who in enumerate(sessions)])
    sent = time.monotonic() - begun
    line.wait_for_denied_calls(120)
    looked_at = time.monotonic() - begun
    assert counts(line) == {10_000: 1}
    (incident,) = line.incidents()
    over = {":past": {"N": "1"}}
    # The incident is over after a quarter of an hour without an event, in real time: here at once.
    line.account.client("dynamodb").update_item(
        TableName=line.stack.outputs["TableName"],
        Key={"pk": incident["pk"]},
        UpdateExpression="SET due_at = :past, latest = :past",
        ExpressionAttributeValues=over,
    )
    line.digest()
    told = line.alerts("access-denied", 2)
    assert len(told) <= 6
    assert "x10000 in" in line.emails()[-1]["text"].splitlines()[0]
    report(line, "10,000 calls of one principal", sent=f"{sent:.0f} s", all=f"{looked_at:.0f} s", messages=len(told))
    nothing_failed(line)


def test_many_principals_are_told_at_the_topics_pace_and_no_count_is_lost(deploy_line: DeployLine) -> None:
    line = deploy_line(change=seen_again_after(60))
    account, begun = line.account.id, time.monotonic()
    for each in range(20):
        who = (events.role_session(account, f"app-{number}", "s") for number in range(PRINCIPALS))
        line.send(*[events.denied_call(actor, "sqs" if each % 2 else "sns", f"List{each % 3}") for actor in who])
    line.wait_for_denied_calls(PRINCIPALS)
    looked_at = time.monotonic() - begun
    assert counts(line) == {20: PRINCIPALS}
    assert line.most_emails_within(1) == 1, "one a second"
    took = [int(ms) for ms in re.findall(r"REPORT .*?\tDuration: (\d+) ms", "\n".join(line.stack.logs("AccessDenied")))]
    report(line, f"{PRINCIPALS} principals with 20 calls each", longest=f"{max(took) / 1000:.0f} s", all=f"{looked_at:.0f} s", messages=len(line.emails()), in_ten_seconds=line.most_emails_within(10))
    nothing_failed(line)


def test_what_aws_services_are_denied_starts_nothing(deploy_line: DeployLine) -> None:
    line = deploy_line(MinSeverity="LOW")
    actor = {"type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com", "accountId": line.account.id}
    sent = [
        events.denied_call({**actor, "arn": "delivery.logs.amazonaws.com"}, "s3", "PutObject") for _ in range(10_000)
    ]
    for start in range(0, len(sent), 500):
        line.send(*sent[start : start + 500])
    time.sleep(2)
    assert line.stack.invocations("AccessDenied") == 0
    assert line.emails() == []
    assert line.findings.read(0, settle=0.2) == []


def seen_again_after(seconds: int) -> Any:
    """Messages that nobody finished come back this soon: in AWS after five minutes."""

    def change(document: dict[str, Any]) -> None:
        document["Resources"]["DeniedCalls"]["Properties"]["VisibilityTimeout"] = seconds

    return change


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_a_function_killed_in_the_midst_of_a_batch_loses_no_count_and_counts_nothing_twice(
    deploy_line: DeployLine,
) -> None:
    # Longer than the lease of who was about to tell, and the twenty seconds within which they began, as in AWS.
    line = deploy_line(change=seen_again_after(70))
    account = line.account.id
    function = line.stack.physical_id("AccessDenied")
    for each in range(5):
        who = [events.role_session(account, f"app-{number}", "s") for number in range(200)]
        line.send(*[events.denied_call(actor, "iam", ("CreateUser", "ListUsers")[each % 2]) for actor in who])
    wait_for(lambda: len(line.dossiers()) >= 20, 30, "the first principals to be written")
    before = len(line.dossiers())
    assert processes.kill(line.local_aws.pid, function), "there is a function to kill"
    line.wait_for_denied_calls(150)
    assert before < 200, "it was killed in the midst"
    assert counts(line) == {5: 200}
    print(f"\nkilled after {before} of 200 principals: each has 5 calls")
    named = {n.json()["unmapped"]["iamwatch"].get("incident") for n in line.subscriber.read(0) if "incident" in n.message}
    # The digest runs every minute: some it has told of, others still wait for it.
    held = {incident for told in line.held_back() for incident in told["counts"]} | line.still_held_back()
    assert {row["pk"]["S"].removeprefix("incident#") for row in line.incidents()} - named - held == set()
    nothing_failed(line)


def test_a_batch_in_which_one_message_cannot_be_told_gives_back_that_one_alone(deploy_line: DeployLine) -> None:
    line = deploy_line(change=seen_again_after(2))
    who = events.iam_user(line.account.id, "mallory")
    with publishing_forbidden(line):
        app = events.role_session(line.account.id, "app", "s")
        line.send(events.denied_call(who, "iam", "CreateUser"), events.denied_call(app, "sqs", "ListQueues"))
        wait_for(lambda: len(line.dossiers()) == 2, 20, "both principals to be written")
        wait_for(lambda: "was not published" in "\n".join(line.stack.logs("AccessDenied")), 20, "the failure")
    assert len(line.alerts("access-denied")) == 1
    line.wait_for_denied_calls()
    assert counts(line) == {1: 2}
    nothing_failed(line)


def test_text_of_the_callers_stays_text_in_every_channel(deploy_line: DeployLine) -> None:
    line = deploy_line()
    session = "x\r\nSeverity: LOW\x1b[2K\u202egnihton<!channel>"
    event = events.denied_call(events.role_session(line.account.id, "deploy", session), "iam", "CreateUser")
    event = event.with_detail(
        userAgent="curl/8 " + "é" * 1_024,
        errorMessage=event.detail["errorMessage"] + " https://evil.example/ <!channel>\n\x1b[31m" + "\U0001f600" * 2_000,
        requestParameters={"userName": "bob\nWhat to do\n  1. Nothing" + "é" * 3_000},
    )
    line.send(event)
    (alert,) = line.alerts("access-denied")
    (email,) = line.emails()
    assert re.fullmatch(r"[ -~]{1,99}", email["subject"])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e]", email["text"])
    assert "https://evil" not in email["text"] and "\nSeverity: LOW" not in email["text"]
    assert all(len(text) < 2_100 for text in email["text"].splitlines())
    assert alert.json()["class_uid"] == 2004


def test_what_is_laid_out_to_be_found_wakes_somebody_though_the_call_worked(deploy_line: DeployLine) -> None:
    line = deploy_line(HoneyPrincipals="arn:aws:iam::111122223333:user/backup-admin")
    honey = {**events.iam_user(line.account.id, "backup-admin"), "arn": "arn:aws:iam::111122223333:user/backup-admin"}
    line.send(events.iam_call(honey, "ListUsers", {}))
    (alert,) = line.alerts("access-denied")
    assert (alert.attributes["severity"], alert.attributes["detection"]) == ("CRITICAL", "honey-principal-touched")
    line.send(events.iam_call(events.iam_user(line.account.id, "bob"), "ListUsers", {}))
    line.wait_for_denied_calls()
    assert len(line.alerts("access-denied")) == 1


def test_what_there_is_no_time_for_comes_again_and_is_counted(deploy_line: DeployLine, account: Account) -> None:
    def hasty(document: dict[str, Any]) -> None:
        seen_again_after(10)(document)
        # A principal is begun while twenty seconds are left: here within the first.
        document["Resources"]["AccessDenied"]["Properties"]["Timeout"] = 21

    honey = [events.iam_user(account.id, f"honey-{number}") for number in range(4)]
    line = deploy_line(change=hasty, HoneyPrincipals=",".join(one["arn"] for one in honey))
    # What touches these comes first in the batch, and each waits for its turn on the topic: longer than a second.
    touches = [events.iam_call(one, "ListUsers", {}) for one in honey]
    programs = [events.role_session(account.id, f"app-{number}", "s") for number in range(6)]
    denied = [events.denied_call(program, "sqs", "ListQueues") for program in programs]
    line.send(*touches, *denied)
    line.wait_for_denied_calls(120)
    assert "there was no time left for it" in "\n".join(line.stack.logs("AccessDenied"))
    assert counts(line) == {1: len(touches) + len(denied)}
    nothing_failed(line)


def test_the_table_may_be_out_of_reach_for_a_while(deploy_line: DeployLine) -> None:
    line = deploy_line(change=seen_again_after(5))
    who = events.iam_user(line.account.id, "mallory")
    with table_forbidden(line):
        line.send(*[events.denied_call(who, "iam", name) for name in ("CreateUser", "ListUsers", "ListRoles")])
        (alert,) = line.alerts("access-denied")
        assert "unclaimed" in alert.message or "ledger" in line.emails()[0]["text"]
        wait_for(lambda: line.stack.invocations("AccessDenied") >= 2, 30, "another try")
        assert len(line.alerts("access-denied")) == 1, "another try tells nothing again"
    line.wait_for_denied_calls()
    assert counts(line) == {3: 1}
    nothing_failed(line)


@contextmanager
def table_forbidden(line: Line) -> Iterator[None]:
    """No function may use the table while the block lasts."""
    roles = line.account.client("iam")
    denied = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    role = line.stack.physical_id("AccessDeniedRole")
    roles.put_role_policy(RoleName=role, PolicyName="no-table", PolicyDocument=events.policy(denied))
    try:
        yield
    finally:
        roles.delete_role_policy(RoleName=role, PolicyName="no-table")


#: What SNS takes in one message.
LONGEST_MESSAGE = 262_144


def test_the_longest_message_that_an_event_can_make_is_valid_and_delivered(deploy_line: DeployLine) -> None:
    line = deploy_line()
    hostile = '\\"<!channel>\U0001f600\u202e\r\n' * 400
    actor = events.role_session(line.account.id, "deploy", hostile)
    actor["sessionContext"]["sessionIssuer"]["userName"] = hostile
    event = events.denied_call(actor, "iam", "CreateUser", {"userName": hostile})
    event = event.with_detail(
        userAgent=hostile, errorMessage=f"{event.detail['errorMessage'][:-10]} {hostile}", sourceIPAddress=hostile
    )
    line.send(event)
    (alert,) = line.alerts("access-denied")
    (email,) = line.emails()
    assert alert.json()["class_uid"] == 2004
    assert re.fullmatch(r"[ -~]{1,99}", email["subject"]) and "was denied iam:CreateUser" in email["text"]
    (published,) = line.published()
    assert len(published.encode()) <= LONGEST_MESSAGE
    assert set(json.loads(published)) == {"default", "email", "sms", "https", "sqs", "lambda"}
    nothing_failed(line)


@pytest.mark.parametrize(("length", "whole"), [(92, True), (140, False)])
def test_a_message_at_the_limit_of_the_topic_is_valid_and_delivered(
    deploy_line: DeployLine, length: int, whole: bool
) -> None:
    line = deploy_line()
    hostile = '\\"<!channel>\U0001f600\u202e\r\n' * 20
    now = datetime.now(UTC)
    # No event makes a message so long: incidents with names longer than they ever are, a thousand of them.
    for number in range(1_000):
        held = {
            "id": f"{number:032x}",
            "at": now.isoformat().replace("+00:00", "Z"),
            "severity": "HIGH",
            "detection": hostile,
            "account": line.account.id,
            "principal": hostile,
            "statement": hostile,
            "incident": f"{number:0{length}}",
            "count": 20,
        }
        row = {
            "pk": {"S": f"held#{held['id']}"},
            "due_bucket": {"S": "held"},
            "due_at": {"N": str(int(now.timestamp()))},
            "held": {"S": json.dumps(held)},
        }
        line.account.client("dynamodb").put_item(TableName=line.stack.outputs["TableName"], Item=row)
    line.digest()
    ((email,), (published,)) = (line.emails(), line.published())
    size = len(published.encode())
    assert (LONGEST_MESSAGE - 50_000 < size <= LONGEST_MESSAGE) == whole and size <= LONGEST_MESSAGE, f"{size:,} bytes"
    assert email["subject"].startswith("[HIGH] held back: 1000 alerts about 1000 incidents")
    assert "1000 alerts about 1000 incidents" in email["text"]
    said = json.loads(published)
    assert all(isinstance(said[form], str) for form in ("default", "email", "sms", "https", "sqs", "lambda"))
    if whole:
        assert len(line.held_back()[0]["counts"]) == 1_000


def test_subjects_at_the_limit_arrive_whole_or_cut_and_always_in_ascii(deploy_line: DeployLine) -> None:
    line = deploy_line()
    tail = " - prod-payments"

    def subject(name: str) -> str:
        before = len(line.emails())
        who = events.iam_user(line.account.id, f"user-{before:02}")
        line.send(events.denied_call(who, "iam", "CreateUser", {"userName": name}))
        wait_for(lambda: len(line.emails()) > before, 20, "the e-mail")
        arrived = str(line.emails()[-1]["subject"])
        assert re.fullmatch(r"[ -~]{1,99}", arrived)
        return arrived.replace(f"user-{before:02}", "user-00")

    short = subject("x")
    assert short.endswith("user x" + tail)
    room = 99 - len(short) + 1
    assert subject("x" * room) == short.replace("user x", "user " + "x" * room), "99 characters"
    for more in (1, 2):
        cut = subject("x" * (room + more))
        assert len(cut) == 99 and cut.endswith(tail) and cut.startswith(short.removesuffix("x" + tail)), f"{99 + more}"
    for before in range(room - 2, room + 2):
        # A letter of two bytes, and one of four, at each place around the edge.
        for letter in ("\u00e9", "\U0001f600"):
            assert subject("x" * before + letter + "y").endswith(tail)
