"""CloudTrail events as EventBridge carries them: made up, with fresh times.

Each builder gives a `CloudTrailEvent`: what stands on the bus. `send` puts it there; `envelope` is what
the function gets, for calling it without EventBridge. Ids come from the documentation ranges.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

REGION = "us-east-1"
ADDRESS = "198.51.100.7"
API_CALL = "AWS API Call via CloudTrail"
SIGN_IN = "AWS Console Sign In via CloudTrail"

Json = dict[str, Any]


@dataclass(frozen=True)
class CloudTrailEvent:
    """One event on the default bus: `detail` is the CloudTrail record."""

    source: str
    detail_type: str
    detail: Any

    @property
    def event_id(self) -> str:
        return str(self.detail["eventID"])

    def entry(self) -> Json:
        """The entry for PutEvents."""
        return {"Source": self.source, "DetailType": self.detail_type, "Detail": json.dumps(self.detail)}

    def envelope(self, account: str) -> Json:
        """What EventBridge hands to a function."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": account,
            "time": _now(),
            "region": REGION,
            "resources": [],
            "detail": self.detail,
        }

    def with_detail(self, **changes: Any) -> CloudTrailEvent:
        """The same event with top-level fields of the record replaced."""
        return replace(self, detail={**deepcopy(self.detail), **changes})


def send(eventbridge: Any, *events: CloudTrailEvent) -> None:
    """Put events on the default bus, ten a call as EventBridge allows, and insist that all were taken."""
    for start in range(0, len(events), 10):
        answer = eventbridge.put_events(Entries=[event.entry() for event in events[start : start + 10]])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"EventBridge refused events: {answer['Entries']}")


# Who acts.


def iam_user(account: str, name: str, path: str = "/") -> Json:
    return {
        "type": "IAMUser",
        "principalId": "AIDA111122223EXAMPLE",
        "arn": f"arn:aws:iam::{account}:user{path}{name}",
        "accountId": account,
        "accessKeyId": "AKIA111122223EXAMPLE",
        "userName": name,
    }


def root(account: str) -> Json:
    return {"type": "Root", "principalId": account, "arn": f"arn:aws:iam::{account}:root", "accountId": account}


def sso_user(account: str, email: str, permission_set: str) -> Json:
    """A person who came through IAM Identity Center: the session name is the e-mail address."""
    role = f"AWSReservedSSO_{permission_set}_0123456789abcdef"
    return {
        "type": "AssumedRole",
        "principalId": f"AROA111122223EXAMPLE:{email}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{email}",
        "accountId": account,
        "accessKeyId": "ASIA111122223EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROA111122223EXAMPLE",
                "arn": f"arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": _now(), "mfaAuthenticated": "false"},
        },
    }


def role_session(account: str, role: str, session: str = "session") -> Json:
    """A session of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROA111122223EXAMPLE:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": "ASIA111122223EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROA111122223EXAMPLE",
                "arn": f"arn:aws:iam::{account}:role/{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": _now(), "mfaAuthenticated": "false"},
        },
    }


# What happened.


def create_access_key(actor: Json, target: str, key_id: str) -> CloudTrailEvent:
    """A new access key for the user `target`."""
    return _api_call(
        actor,
        "iam.amazonaws.com",
        "CreateAccessKey",
        requestParameters={"userName": target},
        responseElements={
            "accessKey": {
                "userName": target,
                "accessKeyId": key_id,
                "status": "Active",
                # CloudTrail's own way of writing a date here.
                "createDate": datetime.now(UTC).strftime("%b %d, %Y %I:%M:%S %p"),
            }
        },
    )


def iam_call(actor: Json, name: str, parameters: Json, response: Json | None = None) -> CloudTrailEvent:
    """A call of IAM that did what it asked for."""
    return _api_call(actor, "iam.amazonaws.com", name, requestParameters=parameters, responseElements=response)


def policy(*statements: Json) -> str:
    """A policy document as calls carry it: JSON in a text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def denied_call(
    actor: Json, service: str = "iam", name: str = "AttachUserPolicy", parameters: Json | None = None
) -> CloudTrailEvent:
    """A call that IAM refused for want of permission."""
    event = _api_call(actor, f"{service}.amazonaws.com", name, requestParameters=parameters, responseElements=None)
    return event.with_detail(
        errorCode="AccessDenied",
        errorMessage=(
            f"User: {actor['arn']} is not authorized to perform: {service}:{name} on resource: "
            f"* because no identity-based policy allows the {service}:{name} action"
        ),
    )


def root_sign_in(account: str, mfa: bool = False) -> CloudTrailEvent:
    """Root signs in at the console. A sign-in has no requestID and no parameters."""
    detail = _record(root(account), "signin.amazonaws.com", "ConsoleLogin")
    del detail["requestID"]
    detail.update(
        eventType="AwsConsoleSignIn",
        readOnly=False,
        requestParameters=None,
        responseElements={"ConsoleLogin": "Success"},
        additionalEventData={
            "LoginTo": "https://console.aws.amazon.com/console/home",
            "MobileVersion": "No",
            "MFAUsed": "Yes" if mfa else "No",
        },
    )
    return CloudTrailEvent("aws.signin", SIGN_IN, detail)


def stop_logging(actor: Json, trail: str) -> CloudTrailEvent:
    return _api_call(
        actor, "cloudtrail.amazonaws.com", "StopLogging", requestParameters={"name": trail}, responseElements=None
    )


def put_parameter(actor: Json, name: str) -> CloudTrailEvent:
    """A parameter of Parameter Store is written; CloudTrail hides its value."""
    parameters = {"name": name, "type": "String", "value": "HIDDEN_DUE_TO_SECURITY_REASONS", "overwrite": True}
    response = {"tier": "Standard", "version": 2}
    return _api_call(
        actor, "ssm.amazonaws.com", "PutParameter", requestParameters=parameters, responseElements=response
    )


# Poison: records that no schema allows, in an envelope that still reaches a watcher.


def poison(actor: Json) -> Mapping[str, CloudTrailEvent]:
    """Broken CreateAccessKey events by name. Source and event name stay, so that the rules let them in."""
    good = create_access_key(actor, "deploy-bot", "AKIA999988887EXAMPLE")
    wrong_types = {
        "userIdentity": "root",
        "requestParameters": ["userName"],
        "responseElements": 7,
        "eventTime": {"seconds": 1},
        "recipientAccountId": 7,
        "sourceIPAddress": None,
        "readOnly": "perhaps",
    }
    broken = {
        "wrong-types": good.with_detail(**wrong_types),
        "null-identity": good.with_detail(userIdentity=None),
        "null-everywhere": good.with_detail(
            **{key: None for key in good.detail if key not in ("eventName", "eventSource", "eventID")}
        ),
        "200-kilobytes": good.with_detail(requestParameters={"userName": "deploy-bot", "padding": "x" * 200_000}),
        "deeply-nested": good.with_detail(requestParameters=_nested(40)),
    }
    return {kind: event.with_detail(eventID=str(uuid.uuid4())) for kind, event in broken.items()}


#: Payloads that are no EventBridge event at all, for calling a function directly.
NOT_EVENTS: Mapping[str, Any] = {
    "a-list": [],
    "a-text": "not an event",
    "a-number": 7,
    "an-empty-object": {},
    "detail-is-a-text": {"detail": "not a record", "detail-type": API_CALL, "source": "aws.iam"},
}


def health_risk(account: str, *entities: str, code: str = "AWS_RISK_CREDENTIALS_EXPOSED") -> CloudTrailEvent:
    """What AWS Health says of keys and users that are at risk. It is no record of CloudTrail."""
    now = format_datetime(datetime.now(UTC), usegmt=True)
    detail = {
        "eventArn": f"arn:aws:health:us-east-1::event/RISK/{code}/{code}_1",
        "service": "RISK",
        "eventTypeCode": code,
        "eventTypeCategory": "issue",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "communicationId": f"{uuid.uuid4().hex}-1",
        "startTime": now,
        "lastUpdatedTime": now,
        "statusCode": "open",
        "eventRegion": REGION,
        "eventDescription": [{"language": "en_US", "latestDescription": "made up"}],
        "affectedEntities": [{"entityValue": entity} for entity in entities],
        "affectedAccount": account,
        "page": "1",
        "totalPages": "1",
    }
    return CloudTrailEvent("aws.health", "AWS Health Event", detail)


def _nested(depth: int) -> Json:
    value: Json = {"userName": "deploy-bot"}
    for _ in range(depth):
        value = {"deeper": value}
    return value


def _api_call(actor: Json, source: str, name: str, **fields: Any) -> CloudTrailEvent:
    detail = _record(actor, source, name)
    detail.update(fields)
    return CloudTrailEvent(f"aws.{source.removesuffix('.amazonaws.com')}", API_CALL, detail)


def _record(actor: Json, source: str, name: str) -> Json:
    return {
        "eventVersion": "1.11",
        "userIdentity": actor,
        "eventTime": _now(),
        "eventSource": source,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": ADDRESS,
        "userAgent": "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8 lang/python#3.13.7",
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": actor["accountId"],
        "eventCategory": "Management",
    }


def time_ago(minutes: int) -> str:
    """A past time as CloudTrail writes it."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> str:
    return time_ago(minutes=0)
