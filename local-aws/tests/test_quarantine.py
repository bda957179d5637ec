"""Quarantine end to end: a user whose key leaked is cut off, the proof holds, somebody fights back, a person takes it back.

Real functions on the local AWS with IAM enforced. What stands in for AWS here, and where it differs: a change of IAM is
visible and enforced at once (AWS: some seconds later), the queue's messages arrive to the second, and the calls that undo
something become events only where a test sends them (AWS: CloudTrail, some minutes later).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import events
import stack
from conftest import BREAK_GLASS, RESTORER, DeployLine
from line import Line
from test_line import key_for_another_user, no_event_failed

AWS_QUARANTINE = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
ALLOW_ALL = events.policy({"Effect": "Allow", "Action": "*", "Resource": "*"})


@dataclass
class User:
    """A user with a credential of every kind, who may do everything."""

    account: stack.Account
    name: str
    key: str
    secret: str

    def client(self, service: str) -> Any:
        return stack.client(self.account.endpoint, service, self.key, self.secret)

    def environment(self) -> dict[str, str]:
        """What the command line needs to run as this user."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def may_act(self, client: Any | None = None) -> bool:
        try:
            (client or self.client("iam")).list_users()
        except ClientError:
            return False
        return True

    def credentials(self) -> dict[str, str]:
        """Each credential's id and whether it is Active, as IAM has it."""
        iam, user = self.account.client("iam"), {"UserName": self.name}
        keys = {key["AccessKeyId"]: key["Status"] for key in iam.list_access_keys(**user)["AccessKeyMetadata"]}
        ssh = {key["SSHPublicKeyId"]: key["Status"] for key in iam.list_ssh_public_keys(**user)["SSHPublicKeys"]}
        specific = iam.list_service_specific_credentials(**user)["ServiceSpecificCredentials"]
        certificates = iam.list_signing_certificates(**user)["Certificates"]
        specifics = {one["ServiceSpecificCredentialId"]: one["Status"] for one in specific}
        return {**keys, **ssh, **specifics, **{one["CertificateId"]: one["Status"] for one in certificates}}

    def attached(self) -> list[str]:
        policies = self.account.client("iam").list_attached_user_policies(UserName=self.name)["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in policies]

    def boundary(self) -> str | None:
        user = self.account.client("iam").get_user(UserName=self.name)["User"]
        arn: str | None = user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return arn


def leaked_user(account: stack.Account, name: str = "bob", path: str = "/") -> User:
    """Such a user whom AWS has quarantined."""
    iam = account.client("iam")
    iam.create_user(UserName=name, Path=path)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=ALLOW_ALL)
    iam.upload_ssh_public_key(UserName=name, SSHPublicKeyBody="none")
    iam.create_service_specific_credential(UserName=name, ServiceName="codecommit.amazonaws.com")
    iam.upload_signing_certificate(UserName=name, CertificateBody="none")
    iam.attach_user_policy(UserName=name, PolicyArn=AWS_QUARANTINE)
    return User(account, name, key["AccessKeyId"], key["SecretAccessKey"])


def only_record(line: Line) -> str:
    (record,) = stack.wait_for(line.stack.quarantine_records, 20, "quarantine's record")
    return record


def state(line: Line, record: str, wanted: str, seconds: float = 20) -> dict[str, Any]:
    """The record once it is in a state."""
    stack.wait_for(lambda: line.stack.quarantine_records().get(record) == wanted, seconds, f"{record} to be {wanted}")
    return line.stack.record(record)


def writes(line: Line) -> list[str]:
    return [call["action"] for call in line.iam_writes()]


@contextmanager
def every_half_second(undo: Callable[[], None]) -> Iterator[None]:
    """An adversary who undoes containment every half second, as public attack tools do, until the block ends."""
    over = threading.Event()

    def fight() -> None:
        while not over.wait(0.5):
            with suppress(ClientError):
                undo()

    fighter = threading.Thread(target=fight, daemon=True)
    fighter.start()
    try:
        yield
    finally:
        over.set()
        fighter.join()


# A user is cut off.


def test_a_user_whose_key_leaked_is_cut_off_with_open_sessions_and_given_back(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob = leaked_user(line.account)
    session = bob.client("sts").get_session_token()["Credentials"]
    token = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    in_session = stack.client(line.account.endpoint, "iam", *token)
    assert bob.may_act() and bob.may_act(in_session)
    line.send(events.health_risk(line.account.id, bob.key))

    (alert,) = line.alerts("access-keys")
    assert (alert.attributes["detection"], alert.attributes["severity"]) == ("credentials-at-risk-by-aws", "CRITICAL")
    assert [report["state"] for report in line.quarantine_reports()] == ["VERIFIED"]
    assert not bob.may_act(), "the key is of no use"
    assert not bob.may_act(in_session), "nor is the session that it opened"
    assert set(bob.credentials().values()) == {"Inactive"}
    assert len(bob.credentials()) == 4, "nothing was deleted"
    assert writes(line)[0] == "AttachUserPolicy", "the deny comes first"
    assert len(writes(line)) == 5

    record = only_record(line)
    proofs = stack.wait_for(lambda: line.stack.record(record)["proofs"][1:], 20, "a second proof, by the queue")
    assert proofs[0]["missing"] == []
    whole = line.stack.record(record)
    assert all(call["request"] for call in whole["calls"]), "each call has AWS's id of the request"
    assert bob.secret not in json.dumps(whole), "a record holds no secret"
    key = {"TableName": line.stack.outputs["TableName"], "Key": {"pk": {"S": f"record#{record}"}}}
    expires = int(line.account.client("dynamodb").get_item(**key)["Item"]["expires"]["N"])
    assert abs(expires - time.time() - 400 * 24 * 60 * 60) < 60, "it is kept for 400 days"
    assert "credentials-at-risk-by-aws" in line.stack.iamwatch(binaries, "report", "mttr")

    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes")
    assert bob.credentials().pop(bob.key) == "Inactive", "a leaked key stays off"
    assert sorted(bob.credentials().values()) == ["Active"] * 3 + ["Inactive"]
    assert sorted(bob.attached()) == sorted([AWS_QUARANTINE, line.stack.outputs["DenyPolicyArn"]]), "sessions may live"
    assert line.stack.quarantine_records() == {record: "VERIFIED"}
    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes", "--leaked")
    assert bob.attached() == [AWS_QUARANTINE]
    assert line.stack.quarantine_records() == {record: "RESTORED"}
    no_event_failed(line)


def test_a_dry_run_shows_the_calls_and_makes_none(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line(QuarantineRestorers="")
    # Where nobody is named, nobody is locked out: what learns the account's policies writes the table.
    admin = leaked_user(line.account, "admin")
    line.stack.iamwatch(binaries, "baseline", environment=admin.environment())
    bob = leaked_user(line.account)
    line.send(events.health_risk(line.account.id, bob.key))
    (report,) = line.quarantine_reports()
    assert report["state"] == "DRY_RUN"
    mail = line.emails()[-1]["text"]
    calls = ["attach-user-policy", "update-access-key", "update-service-specific-credential"]
    for call in [*calls, "update-ssh-public-key", "update-signing-certificate"]:
        assert f"aws iam {call} --user-name=bob" in mail
    assert writes(line) == [] and bob.may_act()
    said = line.stack.iamwatch(binaries, "quarantine", "simulate", f"arn:aws:iam::{line.account.id}:user/bob")
    assert "aws iam attach-user-policy --user-name=bob" in said and "Nothing was changed." in said
    assert "root is never touched" in line.stack.iamwatch(
        binaries, "quarantine", "simulate", f"arn:aws:iam::{line.account.id}:root"
    )
    assert bob.key in line.stack.iamwatch(binaries, "quarantine", "simulate", bob.key)
    assert writes(line) == []


def test_of_each_kind_of_principal_it_is_said_what_would_be_done(
    account: stack.Account, deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineActorMode="approve")
    iam = f"arn:aws:iam::{account.id}"
    leaked_user(account), leaked_user(account, "anna", BREAK_GLASS)
    app, sso = role_under(account, "app"), role_under(account, *SSO_ROLE)
    for who, answer in {
        f"{iam}:user/bob": "a key of user bob leaked (QuarantineLeakedMode: dry-run)",
        "bob": "1. deny user bob everything",
        app: "not switched on (`QuarantineRoleSessions`)",
        sso: "people of Identity Center are cut off there",
        f"arn:aws:sts::{account.id}:assumed-role/{SSO_ROLE[0]}/ann@example.com": "people of Identity Center are cut off there",
        line.stack.outputs["QuarantineRoleArn"]: "a role of AWS's or of iamwatch itself",
        f"{iam}:root": "root is never touched",
        "arn:aws:iam::123456789012:user/bob": "it belongs to another account",
        f"{iam}:user{BREAK_GLASS}anna": "exempt by configuration",
        f"{iam}:user/nobody": "the user does not exist",
        "app": "of a role, write the whole ARN",
        f"{iam}:role/nobody": "the role does not exist",
        "AKIA999988887EXAMPLE": "IAM names no user of this account with that key",
        "ASIA999988887EXAMPLE": "a temporary key cannot be switched off",
        "what; reboot": "no principal that is known here",
    }.items():
        assert answer in line.stack.iamwatch(binaries, "quarantine", "simulate", who), who
    as_if = ("--exempt", f"{iam}:user/BOB")
    assert "exempt by configuration" in line.stack.iamwatch(binaries, "quarantine", "simulate", "bob", *as_if)
    assert writes(line) == []


def test_nothing_is_simulated_where_the_stack_is_not_known(
    account: stack.Account, deploy_line: DeployLine, binaries: Path
) -> None:
    bob = leaked_user(account)
    nowhere = stack.Stack(account, "iamwatch", {})
    with pytest.raises(stack.CommandFailed, match="no stack `iamwatch` has a function `iamwatch-quarantine`"):
        nowhere.iamwatch(binaries, "quarantine", "simulate", "bob")
    line = deploy_line()
    account.client("iam").put_user_policy(
        UserName="bob",
        PolicyName="all",
        PolicyDocument=events.policy({"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}),
    )
    with pytest.raises(stack.CommandFailed, match="needs `lambda:GetFunctionConfiguration`"):
        line.stack.iamwatch(binaries, "quarantine", "simulate", "bob", environment=bob.environment())


def test_where_no_policy_fits_the_boundary_denies_and_restore_gives_the_old_one_back(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, iam = leaked_user(line.account), line.account.client("iam")
    old = iam.create_policy(PolicyName="old", PolicyDocument=ALLOW_ALL)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=old)
    for number in range(9):
        policy = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=ALLOW_ALL)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="bob", PolicyArn=policy)
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    whole = state(line, record, "VERIFIED")
    assert "LimitExceeded" in whole["calls"][0]["error"]
    assert bob.boundary() == line.stack.outputs["DenyPolicyArn"]
    assert not bob.may_act()
    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes", "--leaked")
    assert (bob.boundary(), bob.may_act()) == (old, True)


def test_the_record_has_the_hash_of_the_event_as_the_function_got_it(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line("dry-run")
    _, event = key_for_another_user(line)
    detail = json.dumps(event.detail)
    payload = (
        f'{{"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": "{event.detail_type}", '
        f'"source": "{event.source}", "account": "{line.account.id}", "time": "2026-03-01T03:00:00Z", '
        f'"region": "us-east-1", "resources": [], "detail": {detail}}}'
    )
    function = line.stack.physical_id("AccessKeys")
    line.account.client("lambda").invoke(FunctionName=function, Payload=payload)
    record = only_record(line)
    digest = hashlib.sha256(payload.encode()).hexdigest()
    assert line.stack.record(record)["finding"]["event"]["sha256"] == digest
    shown = line.stack.iamwatch(binaries, "quarantine", "show", record)
    assert digest in shown
    kept = json.loads(shown.split("Event, without secrets and policies\n")[1])
    assert (kept["eventID"], kept["eventName"]) == (event.detail["eventID"], "CreateAccessKey")


@pytest.mark.parametrize("who", ["exempt", "unknown key", "temporary key", "another account", "no quarantine by AWS"])
def test_whom_it_must_not_cut_off_gets_no_write(deploy_line: DeployLine, who: str) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob = leaked_user(line.account, path=BREAK_GLASS if who == "exempt" else "/")
    named = {
        "unknown key": "AKIA999988887EXAMPLE",
        "temporary key": "ASIA999988887EXAMPLE",
        "another account": "arn:aws:iam::123456789012:user/bob",
    }.get(who, bob.key)
    if who == "no quarantine by AWS":
        line.account.client("iam").detach_user_policy(UserName="bob", PolicyArn=AWS_QUARANTINE)
    line.send(events.health_risk(line.account.id, named))
    assert len(line.alerts("access-keys")) == 1
    refusal = {"exempt": "exempt", "unknown key": "no-such-holder", "no quarantine by AWS": "not-borne-out"}.get(who)
    if refusal:
        assert [report["refusal"] for report in line.quarantine_reports()] == [refusal]
    assert writes(line) == [] and bob.may_act()
    no_event_failed(line)


def test_not_even_an_administrator_puts_a_finding_on_the_bus(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, mallory = leaked_user(line.account), leaked_user(line.account, "mallory")
    nobody = "AKIA999988887EXAMPLE"
    line.send(events.health_risk(line.account.id, nobody))
    (real,) = [json.loads(message["Body"]) for message in line.findings.read(1)]
    bus = line.stack.outputs["BusName"]
    forged = {
        "EventBusName": bus,
        "Source": real["source"],
        "DetailType": real["detail-type"],
        "Detail": json.dumps(real["detail"]).replace(nobody, bob.key),
    }
    put = mallory.client("events").put_events
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        put(Entries=[forged])
    assert bob.may_act()
    # That the forgery is a good one shows where the bus has no policy.
    line.account.client("events").remove_permission(EventBusName=bus, StatementId="OnlyTheWatchersPut")
    assert put(Entries=[forged])["FailedEntryCount"] == 0
    stack.wait_for(lambda: not bob.may_act(), 20, "bob to be cut off")


def forgery(line: Line, record: str, by: str) -> dict[str, Any]:
    """The row of a record that waits, with a yes in it."""
    whole, table = line.stack.record(record), line.stack.outputs["TableName"]
    row = line.account.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": f"record#{record}"}})["Item"]
    whole["approval"] = {"by": by, "id": "AIDA111122223EXAMPLE", "at": whole["received"], "plan": "0123456789abcdef"}
    whole["rev"] += 1
    return {**row, "record": {"S": json.dumps(whole)}, "rev": {"N": str(whole["rev"])}}


def test_not_even_an_administrator_writes_a_yes_into_the_table(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineLeakedMode="approve")
    bob, mallory = leaked_user(line.account), leaked_user(line.account, "mallory")
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "PENDING")
    forged = forgery(line, record, f"arn:aws:iam::{line.account.id}:user/ann")
    name, queue = line.stack.outputs["TableName"], line.stack.physical_id("QuarantineRecords")
    table, sqs = mallory.client("dynamodb"), mallory.client("sqs")
    key = {"pk": forged["pk"]}
    refused: list[Callable[[], Any]] = [
        lambda: table.put_item(TableName=name, Item=forged),
        lambda: table.update_item(
            TableName=name, Key=key, UpdateExpression="SET #r = :r", ExpressionAttributeNames={"#r": "record"},
            ExpressionAttributeValues={":r": forged["record"]},
        ),
        lambda: table.delete_item(TableName=name, Key=key),
        lambda: table.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": forged}}]),
        # Nor does anybody mute the watch, or take a look at a record out of the queue.
        lambda: table.put_item(TableName=name, Item={"pk": {"S": "cap#1"}}),
        lambda: sqs.receive_message(QueueUrl=queue),
    ]
    all_refused(refused)
    assert table.get_item(TableName=name, Key=key)["Item"], "reading stays free"
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"record": record}))
    line.wait_for_calls("Quarantine", 2)
    assert line.stack.quarantine_records() == {record: "PENDING"}, "a message does nothing that was not due"
    assert writes(line) == [] and bob.may_act()
    # That the forgery is a good one shows where the table has no policy.
    table.delete_resource_policy(ResourceArn=f"arn:aws:dynamodb:us-east-1:{line.account.id}:table/{name}")
    table.put_item(TableName=name, Item=forged)
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"record": record}))
    stack.wait_for(lambda: not bob.may_act(), 20, "bob to be cut off")


def test_who_is_named_to_restore_may_do_so_with_their_own_rights(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, rita = leaked_user(line.account), leaked_user(line.account, RESTORER)
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    restore = ("quarantine", "restore", record, "--yes", "--leaked")
    mallory = leaked_user(line.account, "mallory")
    with pytest.raises(stack.CommandFailed, match="explicit deny"):
        line.stack.iamwatch(binaries, *restore, environment=mallory.environment())
    assert not bob.may_act(), "nothing was given back"
    line.stack.iamwatch(binaries, *restore, environment=rita.environment())
    assert line.stack.quarantine_records() == {record: "RESTORED"} and bob.may_act()


def test_where_it_may_act_somebody_must_be_named_who_takes_it_back(deploy_line: DeployLine) -> None:
    with pytest.raises(Exception, match="QuarantineRestorers"):
        deploy_line("approve", QuarantineRestorers="")


# A person decides.


def approver(line: Line) -> dict[str, str]:
    """The credentials of ann, who has the stack's policy for those who approve, and no other right."""
    iam = line.account.client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=line.stack.outputs["ApproversPolicyArn"])
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_a_person_approves_by_name_and_once(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line(QuarantineLeakedMode="approve")
    bob, ann = leaked_user(line.account), approver(line)
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    assert [report["state"] for report in line.quarantine_reports()] == ["PENDING"]
    assert f"iamwatch quarantine approve {record}" in line.emails()[-1]["text"]
    assert writes(line) == [] and bob.may_act()

    approve = ("quarantine", "approve", record, "--url", line.stack.approval_url())
    with pytest.raises(stack.CommandFailed, match="the answer was not `yes`"):
        line.stack.iamwatch(binaries, *approve, environment=ann)
    with pytest.raises(stack.CommandFailed, match="nobody approves a plan about themselves"):
        line.stack.iamwatch(binaries, *approve, "--yes", environment=bob.environment())
    iam = line.account.client("iam")
    iam.update_user(UserName="bob", NewUserName="somebody-else")
    with pytest.raises(stack.CommandFailed, match="nobody approves a plan about themselves"):
        line.stack.iamwatch(binaries, *approve, "--yes", environment=bob.environment())
    iam.update_user(UserName="somebody-else", NewUserName="bob")
    assert "approved" in line.stack.iamwatch(binaries, *approve, "--yes", environment=ann)
    whole = state(line, record, "VERIFIED")
    assert whole["approval"]["id"] == iam.get_user(UserName="ann")["User"]["UserId"]
    assert whole["approval"]["by"] == f"arn:aws:iam::{line.account.id}:user/ann"
    assert not bob.may_act()
    with pytest.raises(stack.CommandFailed, match="a yes counts once"):
        line.stack.iamwatch(binaries, *approve, "--yes", environment=ann)
    no_event_failed(line)


def test_without_the_right_to_call_the_url_nobody_approves(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line("approve")
    key, event = key_for_another_user(line)
    line.send(event)
    record = only_record(line)
    iam = line.account.client("iam")
    iam.create_user(UserName="ann")
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.put_user_policy(
        UserName="ann",
        PolicyName="read",
        PolicyDocument=events.policy(
            {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:ListTables"], "Resource": "*"}
        ),
    )
    ann = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    with pytest.raises(stack.CommandFailed, match="needs the policy of the stack's output `ApproversPolicyArn`"):
        url = line.stack.approval_url()
        line.stack.iamwatch(binaries, "quarantine", "approve", record, "--yes", "--url", url, environment=ann)
    assert line.stack.quarantine_records() == {record: "PENDING"}
    assert line.account.key_status("deploy-bot", key) == "Active"


def test_who_stops_the_trail_is_cut_off_or_the_sessions_of_their_role_ended_once_a_person_says_so(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineActorMode="approve", QuarantineRoleSessions="true")
    bob, iam = leaked_user(line.account), line.account.client("iam")
    app = role_under(line.account, "app")
    iam.put_role_policy(RoleName="app", PolicyName="all", PolicyDocument=ALLOW_ALL)

    def session() -> Any:
        keys = line.account.client("sts").assume_role(RoleArn=app, RoleSessionName="session")["Credentials"]
        token = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return stack.client(line.account.endpoint, "iam", *token)

    before = session()
    assert bob.may_act(before)
    time.sleep(1.1)  # the policy knows whole seconds
    # By an id that is not bob's it would be somebody else who had the name then.
    by_bob = {**events.iam_user(line.account.id, "bob"), "principalId": iam.get_user(UserName="bob")["User"]["UserId"]}
    line.send(events.stop_logging(by_bob, "main"))
    line.send(events.stop_logging(events.role_session(line.account.id, "app"), "main"))
    records = stack.wait_for(lambda: len(found := line.stack.quarantine_records()) == 2 and found, 20, "two plans")
    assert set(records.values()) == {"PENDING"}
    assert writes(line) == []
    ann = approver(line)
    for record in records:
        url = line.stack.approval_url()
        line.stack.iamwatch(binaries, "quarantine", "approve", record, "--yes", "--url", url, environment=ann)
    for record in records:
        state(line, record, "VERIFIED")
    assert not bob.may_act(), "the user is cut off"
    assert not bob.may_act(before), "the session is ended"
    time.sleep(1.1)
    assert bob.may_act(session()), "and the role can be assumed again: for workloads, and for the attacker"
    for record in records:
        line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes", "--leaked")
    assert bob.may_act() and bob.may_act(before)
    no_event_failed(line)


def test_who_takes_another_name_after_the_act_is_found_by_the_id(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineActorMode="approve")
    leaked_user(line.account)
    iam = line.account.client("iam")
    in_session = {
        **events.iam_user(line.account.id, "bob"),
        "accessKeyId": "ASIA999988887EXAMPLE",
        "principalId": iam.get_user(UserName="bob")["User"]["UserId"],
    }
    iam.update_user(UserName="bob", NewUserName="eve")
    leaked_user(line.account)
    line.send(events.stop_logging(in_session, "main"))
    assert [report["state"] for report in line.quarantine_reports()] == ["PENDING"]
    assert line.stack.record(only_record(line))["subject"]["user"] == "eve", "bob is somebody else now"
    no_event_failed(line)


def test_the_deny_stays_while_the_user_has_what_somebody_made_meanwhile(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, iam = leaked_user(line.account), line.account.client("iam")
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    made = iam.create_access_key(UserName="bob")["AccessKey"]["AccessKeyId"]
    iam.create_login_profile(UserName="bob", Password="made meanwhile")
    restore = ("quarantine", "restore", record, "--yes", "--leaked")
    said = " ".join(line.stack.iamwatch(binaries, *restore).split())
    assert f"the user got meanwhile: access key {made}, a password;" in said
    assert not bob.may_act()
    line.stack.iamwatch(binaries, *restore, "--made-meanwhile")
    assert bob.may_act()
    assert line.stack.quarantine_records() == {record: "RESTORED"}


def app_stops_the_trail(line: Line) -> None:
    role_under(line.account, "app")
    line.send(events.stop_logging(events.role_session(line.account.id, "app"), "main"))


def test_sessions_of_roles_are_left_alone_where_that_is_not_switched_on(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineActorMode="approve")
    app_stops_the_trail(line)
    (report,) = line.quarantine_reports()
    assert (report["state"], report["refusal"]) == ("REFUSED", "sessions-left-alone")
    mail = line.emails()[-1]["text"]
    assert "QuarantineRoleSessions" in mail and "quarantine approve" not in mail
    assert writes(line) == []
    no_event_failed(line)


@pytest.mark.parametrize("approved", ["before", "after"])
def test_sessions_of_roles_are_left_alone_from_when_that_is_switched_off(
    deploy_line: DeployLine, binaries: Path, approved: str
) -> None:
    line = deploy_line(QuarantineActorMode="approve", QuarantineRoleSessions="true")
    app_stops_the_trail(line)
    record = only_record(line)
    approve = ("quarantine", "approve", record, "--yes", "--url", line.stack.approval_url())
    ann = approver(line)
    if approved == "before":
        line.stack.iamwatch(binaries, *approve, environment=ann)
        state(line, record, "VERIFIED")
    functions, name = line.account.client("lambda"), line.stack.physical_id("Quarantine")
    told = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    told["IAMWATCH_SESSIONS_ROLE"] = ""
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": told})
    if approved == "before":
        proofs = stack.wait_for(lambda: line.stack.record(record)["proofs"][1:], 20, "a second proof")
        assert "not switched on" in proofs[-1]["error"]
        assert line.stack.quarantine_records() == {record: "VERIFIED"}, "what was done is not forgotten"
        assert writes(line) == ["PutRolePolicy"]
    else:
        line.stack.iamwatch(binaries, *approve, environment=ann)
        whole = state(line, record, "REFUSED")
        assert whole["plan"]["refusal"] == "sessions-left-alone"
        assert writes(line) == []
    no_event_failed(line)


# Somebody fights back.


def test_who_undoes_it_every_half_second_is_answered_three_times_and_told_of(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, iam = leaked_user(line.account), line.account.client("iam")
    deny = line.stack.outputs["DenyPolicyArn"]

    def undo() -> None:
        iam.update_access_key(UserName="bob", AccessKeyId=bob.key, Status="Active")
        iam.detach_user_policy(UserName="bob", PolicyArn=deny)

    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    begun = time.monotonic()
    with every_half_second(undo):
        whole = state(line, record, "UNDONE_BY_OTHER", seconds=30)
        assert time.monotonic() - begun < 20, "15 seconds, and what a slow machine adds"
        reports = line.quarantine_reports(2)
        time.sleep(5)
    assert whole["reapplied"] == 3
    assert [report["state"] for report in reports] == ["VERIFIED", "UNDONE_BY_OTHER"]
    again = [call for call in line.stack.record(record)["calls"][5:]]
    assert len(again) <= 6, "no endless loop: two steps, three times"
    mail = line.emails()[-1]
    assert mail["subject"].startswith("[CRITICAL]")
    assert f'"aws:PrincipalArn": "arn:aws:iam::{line.account.id}:user/bob"' in mail["text"], "the SCP to paste"


def test_a_new_credential_of_a_contained_user_is_told_with_who_made_it(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob = leaked_user(line.account)
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    line.quarantine_reports()
    mallory = events.iam_user(line.account.id, "mallory")
    # IAM takes names in any case, and the record of the call repeats what mallory wrote.
    line.send(events.iam_call(mallory, "CreateLoginProfile", {"userName": "BOB"}))
    line.quarantine_reports(2)
    # The alert of the act itself is told beside it.
    told = [mail["text"].splitlines()[0] for mail in line.emails()]
    assert any("user/mallory made a password for user BOB, who is contained" in first for first in told), told
    assert line.stack.record(record)["meddling"][0]["by"].endswith("user/mallory")


def test_a_user_who_is_renamed_is_watched_and_given_back_under_the_new_name(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    bob, iam = leaked_user(line.account), line.account.client("iam")
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    line.quarantine_reports()
    iam.update_user(UserName="bob", NewUserName="eve")
    iam.update_access_key(UserName="eve", AccessKeyId=bob.key, Status="Active")
    iam.detach_user_policy(UserName="eve", PolicyArn=line.stack.outputs["DenyPolicyArn"])
    eve = User(line.account, "eve", bob.key, bob.secret)
    stack.wait_for(lambda: eve.credentials()[bob.key] == "Inactive" and not eve.may_act(), 30, "eve to be contained")
    assert line.stack.outputs["DenyPolicyArn"] in eve.attached()
    told = [mail["text"].splitlines()[0] for mail in line.emails()]
    assert any("somebody gave the name eve to user bob, who is contained" in first for first in told), told
    mallory = events.iam_user(line.account.id, "mallory")
    line.send(events.iam_call(mallory, "CreateLoginProfile", {"userName": "eve"}))
    stack.wait_for(lambda: len(line.stack.record(record)["meddling"]) == 2, 20, "what is done to eve")
    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes", "--leaked")
    assert eve.may_act() and set(eve.credentials().values()) == {"Active"}
    assert line.stack.quarantine_records() == {record: "RESTORED"}
    no_event_failed(line)


def test_any_other_call_by_the_role_of_quarantine_is_critical(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce")
    role = line.stack.outputs["QuarantineRoleArn"].rsplit("/", 1)[1]
    function = events.role_session(line.account.id, role, session=line.stack.physical_id("Quarantine"))
    off = {"userName": "bob", "accessKeyId": "AKIA111122223EXAMPLE", "status": "Inactive"}
    line.send(events.iam_call(function, "UpdateAccessKey", off))
    line.send(events.iam_call(function, "ListRoles", {}))
    (alert,) = line.alerts("access-denied")
    assert (alert.attributes["detection"], alert.attributes["severity"]) == ("own-role-misused", "CRITICAL")
    no_event_failed(line)


# What the role may not do, whatever the code does.


def assumable(document: dict[str, Any]) -> None:
    """Lets the account assume quarantine's roles, so that a test can try what the code never does."""
    for name in ("QuarantineRole", "QuarantineSessionsRole", "QuarantineApprovalRole"):
        role = document["Resources"][name]["Properties"]
        role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"AWS": {"Ref": "AWS::AccountId"}}


def assumed(line: Line, role: str, service: str = "iam") -> Any:
    """A client with the rights of a role."""
    keys = line.account.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return stack.client(
        line.account.endpoint, service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    )


def all_refused(calls: list[Callable[[], Any]]) -> None:
    for number, call in enumerate(calls):
        with pytest.raises(ClientError, match="AccessDenied|not authorized|explicit deny"):
            call()
            pytest.fail(f"call {number} was allowed")


def role_under(account: stack.Account, name: str, path: str = "/") -> str:
    """A role that whoever is in the account may assume; its ARN."""
    trust = events.policy({"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"})
    made = account.client("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


SSO_ROLE = ("AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/")
SERVICE_ROLE = ("AWSServiceRoleForSupport", "/aws-service-role/support.amazonaws.com/")


def test_the_role_may_do_nothing_else_to_users_or_anybody(deploy_line: DeployLine) -> None:
    bot = "deploy-bot"
    line = deploy_line("enforce", change=assumable, QuarantineLeakedMode="enforce")
    key = line.account.create_user(bot)
    anna = line.account.create_user("anna", BREAK_GLASS)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    role_under(line.account, "app")
    iam = assumed(line, line.stack.outputs["QuarantineRoleArn"])
    deny = line.stack.outputs["DenyPolicyArn"]
    off = {"AccessKeyId": key, "Status": "Inactive"}
    refused: list[Callable[[], Any]] = [
        lambda: iam.attach_user_policy(UserName=bot, PolicyArn=admin),
        lambda: iam.put_user_permissions_boundary(UserName=bot, PermissionsBoundary=admin),
        lambda: iam.detach_user_policy(UserName=bot, PolicyArn=deny),
        lambda: iam.delete_user_permissions_boundary(UserName=bot),
        lambda: iam.put_user_policy(UserName=bot, PolicyName="x", PolicyDocument=ALLOW_ALL),
        lambda: iam.create_access_key(UserName=bot),
        lambda: iam.delete_access_key(UserName=bot, AccessKeyId=key),
        lambda: iam.delete_user(UserName=bot),
        lambda: iam.create_user(UserName="new"),
        lambda: iam.put_role_policy(RoleName="app", PolicyName="x", PolicyDocument=ALLOW_ALL),
        lambda: iam.attach_role_policy(RoleName="app", PolicyArn=deny),
        lambda: iam.update_access_key(UserName="anna", AccessKeyId=anna, Status="Inactive"),
        lambda: iam.attach_user_policy(UserName="anna", PolicyArn=deny),
        lambda: iam.put_user_permissions_boundary(UserName="anna", PermissionsBoundary=deny),
    ]
    all_refused(refused)
    iam.attach_user_policy(UserName=bot, PolicyArn=deny)
    iam.put_user_permissions_boundary(UserName=bot, PermissionsBoundary=deny)
    iam.update_access_key(UserName=bot, **off)


def test_the_role_that_ends_sessions_puts_policies_on_no_role_that_is_spared_and_does_nothing_else(
    account: stack.Account, deploy_line: DeployLine
) -> None:
    emergency = role_under(account, "emergency")
    line = deploy_line(
        change=assumable, QuarantineActorMode="approve", QuarantineRoleSessions="true", BreakGlassRoles=emergency
    )
    for name, path in [("app", "/"), SSO_ROLE, SERVICE_ROLE, ("ops", BREAK_GLASS)]:
        role_under(account, name, path)
    own = [line.stack.physical_id(name) for name in ("QuarantineRole", "QuarantineSessionsRole", "GuardrailsRole")]
    spared = ["emergency", SSO_ROLE[0], SERVICE_ROLE[0], "ops", *own]
    iam = assumed(line, f"arn:aws:iam::{account.id}:role/{own[1]}")
    bob, admin = account.create_user("bob"), "arn:aws:iam::aws:policy/AdministratorAccess"
    name = "iamwatch-sessions-ended"
    trust = events.policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    all_refused(
        [
            *(lambda r=role: iam.put_role_policy(RoleName=r, PolicyName=name, PolicyDocument=ALLOW_ALL) for role in spared),
            lambda: iam.delete_role_policy(RoleName="app", PolicyName=name),
            lambda: iam.attach_role_policy(RoleName="app", PolicyArn=admin),
            lambda: iam.update_assume_role_policy(RoleName="app", PolicyDocument=trust),
            lambda: iam.delete_role(RoleName="app"),
            lambda: iam.create_role(RoleName="new", AssumeRolePolicyDocument=trust),
            lambda: iam.put_user_policy(UserName="bob", PolicyName="x", PolicyDocument=ALLOW_ALL),
            lambda: iam.update_access_key(UserName="bob", AccessKeyId=bob, Status="Inactive"),
        ]
    )
    iam.put_role_policy(RoleName="app", PolicyName=name, PolicyDocument=ALLOW_ALL)
    # Which is why nobody but quarantine may become it: quarantine's own role writes no inline policy at all.
    quarantine = assumed(line, line.stack.outputs["QuarantineRoleArn"])
    all_refused([lambda: quarantine.put_role_policy(RoleName="app", PolicyName=name, PolicyDocument=ALLOW_ALL)])
    approval = assumed(line, f"arn:aws:iam::{account.id}:role/{line.stack.physical_id('QuarantineApprovalRole')}")
    put = {"RoleName": "app", "PolicyName": name, "PolicyDocument": ALLOW_ALL}
    all_refused([lambda: approval.list_users(), lambda: approval.put_role_policy(**put)])


def test_nobody_but_quarantine_becomes_the_role_that_ends_sessions(deploy_line: DeployLine) -> None:
    line = deploy_line(QuarantineActorMode="approve", QuarantineRoleSessions="true")
    mallory = leaked_user(line.account, "mallory")
    role = f"arn:aws:iam::{line.account.id}:role/{line.stack.physical_id('QuarantineSessionsRole')}"
    all_refused([lambda: mallory.client("sts").assume_role(RoleArn=role, RoleSessionName="mallory")])


def test_whoever_invokes_it_with_any_finding_has_it_touch_nobody_who_is_spared(
    account: stack.Account, deploy_line: DeployLine, binaries: Path
) -> None:
    emergency = role_under(account, "emergency")
    line = deploy_line(
        "enforce",
        QuarantineLeakedMode="enforce",
        QuarantineActorMode="approve",
        QuarantineRoleSessions="true",
        BreakGlassRoles=emergency,
    )
    app_stops_the_trail(line)
    (real,) = [json.loads(message["Body"]) for message in line.findings.read(1)]
    only_record(line)
    anna, bob = account.create_user("anna", BREAK_GLASS), account.create_user("bob")
    iam = f"arn:aws:iam::{account.id}"
    actors = [
        emergency,
        *(role_under(account, name, path) for name, path in [SSO_ROLE, SERVICE_ROLE, ("ops", BREAK_GLASS)]),
        line.stack.outputs["QuarantineRoleArn"],
        f"{iam}:user{BREAK_GLASS}anna",
        f"{iam}:root",
        f"arn:aws:sts::{account.id}:federated-user/bob",
        "arn:aws:iam::123456789012:user/bob",
        "arn:aws:iam::123456789012:role/app",
    ]
    asks = [{"do": "contain-actor", "principal": principal} for principal in actors]
    asks.append({"do": "contain-users", "users": ["anna"], "keys": [anna], "case": "forged"})
    # Of bob's old key it is said that it was just made.
    asks += [{"do": "disable-access-key", "user": user, "key": key} for user, key in [("anna", anna), ("bob", bob)]]
    for number, ask in enumerate(asks):
        forged = json.loads(json.dumps(real))
        forged["detail"]["finding"]["asks"] = ask
        forged["detail"]["finding"]["event"]["id"] = f"forged-{number}"
        forged["detail"]["finding"]["event"]["time"] = "2026-03-01T03:00:00Z"
        line.account.client("lambda").invoke(FunctionName=line.stack.physical_id("Quarantine"), Payload=json.dumps(forged))
    ann, url = approver(line), line.stack.approval_url()
    records = line.stack.quarantine_records()
    for record, is_in in records.items():
        if line.stack.record(record)["finding"]["event"]["id"].startswith("forged"):
            assert is_in == "REFUSED", line.stack.record(record)
            with pytest.raises(stack.CommandFailed, match="it waits for nobody"):
                line.stack.iamwatch(binaries, "quarantine", "approve", record, "--yes", "--url", url, environment=ann)
    # Nobody waits for what root, Identity Center, federated users and other accounts are said to have done.
    assert len(records) == 1 + len([emergency, "ops", "own", "anna", "anna's key", "anna as holder", "anna's new key", "bob's"])
    assert writes(line) == []


@pytest.mark.parametrize("mode", ["off", "dry-run"])
def test_without_a_mode_that_acts_the_role_may_write_nothing(deploy_line: DeployLine, mode: str) -> None:
    line = deploy_line(mode, change=assumable, QuarantineLeakedMode=mode)
    key = line.account.create_user("deploy-bot")
    iam = assumed(line, line.stack.outputs["QuarantineRoleArn"])
    with pytest.raises(ClientError, match="AccessDenied|not authorized"):
        iam.update_access_key(UserName="deploy-bot", AccessKeyId=key, Status="Inactive")
    with pytest.raises(ClientError, match="AccessDenied|not authorized"):
        iam.attach_user_policy(UserName="deploy-bot", PolicyArn=line.stack.outputs["DenyPolicyArn"])


def test_those_who_may_restore_need_no_other_right(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line(QuarantineLeakedMode="enforce", QuarantineRestorers="arn:aws:iam::123456789012:user/nobody")
    bob = leaked_user(line.account)
    line.send(events.health_risk(line.account.id, bob.key))
    record = only_record(line)
    state(line, record, "VERIFIED")
    role = line.stack.outputs["QuarantineRestoreRoleArn"]
    iam = line.account.client("iam")
    trust = events.policy({"Effect": "Allow", "Principal": {"AWS": line.account.id}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=role.split("/")[-1], PolicyDocument=trust)
    keys = line.account.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    environment = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    token = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    table, name = stack.client(line.account.endpoint, "dynamodb", *token), line.stack.outputs["TableName"]
    row = line.account.client("dynamodb").get_item(TableName=name, Key={"pk": {"S": f"record#{record}"}})["Item"]
    told = {"due_bucket": {"S": "open"}, "due_at": {"N": "1"}}
    refused: list[Callable[[], Any]] = [
        lambda: table.put_item(TableName=name, Item={**row, **told}),
        lambda: table.put_item(TableName=name, Item={**row, "pk": {"S": "incident#1"}}),
        lambda: table.put_item(TableName=name, Item={**row, "pk": {"S": "open#bob"}}),
        lambda: table.delete_item(TableName=name, Key={"pk": row["pk"]}),
        lambda: table.get_item(TableName=name, Key={"pk": {"S": "memory#1"}}),
        lambda: table.scan(TableName=name),
    ]
    all_refused(refused)
    line.stack.iamwatch(binaries, "quarantine", "restore", record, "--yes", "--leaked", environment=environment)
    storm = json.dumps({"spent": [], "storm": "2026-03-01T03:00:00Z", "told": None})
    budget = {"pk": {"S": "budget#users"}, "budget": {"S": storm}, "version": {"N": "1"}}
    line.account.client("dynamodb").put_item(TableName=name, Item=budget)
    assert "done" in line.stack.iamwatch(binaries, "quarantine", "reset", "--yes", environment=environment)
    assert set(bob.credentials().values()) == {"Active"}
    assert bob.attached() == [AWS_QUARANTINE]
    assert line.stack.quarantine_records() == {record: "RESTORED"}


def test_of_a_message_that_names_many_each_is_planned(deploy_line: DeployLine, binaries: Path) -> None:
    line = deploy_line()
    users = [f"user-{number}" for number in range(105)]
    keys = {line.account.create_user(user): user for user in users}
    line.send(events.health_risk(line.account.id, *keys))
    records = line.stack.quarantine_records
    stack.wait_for(lambda: len(records()) == len(users), 120, "a record of each")
    assert set(records().values()) == {"DRY_RUN"}
    listed = line.stack.iamwatch(binaries, "quarantine", "list")
    assert all(record in listed for record in records()) and listed.endswith("\n105 DRY_RUN\n")
    no_event_failed(line)


# A function is lost.


def soon_again(document: dict[str, Any]) -> None:
    """A look that nobody finished is taken again this soon: in AWS after 40 seconds. It must be over by then, telling included."""
    document["Resources"]["QuarantineRecords"]["Properties"]["VisibilityTimeout"] = 15


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
def test_killed_after_any_call_of_iam_another_goes_on_and_the_record_is_complete(
    deploy_line: DeployLine, binaries: Path
) -> None:
    line = deploy_line(change=soon_again, QuarantineLeakedMode="approve")
    ann, function = approver(line), line.stack.physical_id("Quarantine")
    url = line.stack.approval_url()

    def begin(name: str) -> tuple[User, str]:
        user, known = leaked_user(line.account, name), set(line.stack.quarantine_records())
        line.send(events.health_risk(line.account.id, user.key, code=f"AWS_RISK_OF_{name}".upper()))
        (record,) = stack.wait_for(lambda: set(line.stack.quarantine_records()) - known, 20, "a record")
        stack.wait_for(lambda: line.stack.record(record)["told"], 20, "the plan to be told")
        return user, record

    def by_function() -> list[dict[str, Any]]:
        calls = [call for call in line.local_aws.iam_calls() if call["account"] == line.account.id]
        return [call for call in calls if ":assumed-role/" in call["caller"]]

    def approve(record: str) -> None:
        line.stack.iamwatch(binaries, "quarantine", "approve", record, "--yes", "--url", url, environment=ann)

    # The calls from a yes to the first proof, and which of them write.
    first, record = begin("first")
    before = len(by_function())
    approve(record)
    state(line, record, "VERIFIED")
    actions = [call["action"] for call in by_function()[before:]]
    last = max(number for number, action in enumerate(actions) if not action.startswith(("Get", "List")))
    assert len([action for action in actions if not action.startswith(("Get", "List"))]) == 5
    points = [1, *range(last - 7, last + 3)]
    lost: list[tuple[int, User, str]] = []
    for point in points:
        user, record = begin(f"user-{point}")
        line.local_aws.lose(line.account.id, function, point)
        approve(record)
        lost.append((point, user, record))
        stack.wait_for(lambda: line.local_aws.is_lost(line.account.id), 20, "the function to be lost")
    stack.wait_for(lambda: set(line.stack.quarantine_records().values()) == {"VERIFIED"}, 150, "all to be contained")
    deny = line.stack.outputs["DenyPolicyArn"]
    for point, user, record in lost:
        whole = line.stack.record(record)
        assert not user.may_act() and deny in user.attached(), point
        assert set(user.credentials().values()) == {"Inactive"}, point
        # Each step is on record with a call that worked: one whose answer was lost was made again.
        done = [call["what"] for call in whole["calls"] if call["request"] and not call["error"]]
        assert len(set(done)) == 5 and len(whole["plan"]["steps"]) == 5, (point, done)
        assert whole["approval"]["by"].endswith("user/ann") and whole["contained"], point
    no_event_failed(line)
