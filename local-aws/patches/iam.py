"""IAM: the resource and the condition keys a request is judged by."""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb, iam


def authorise_users_and_roles_by_their_whole_arn() -> None:
    """AWS judges a call on a user or role by its whole ARN, path included (`user/break-glass/anna`).

    ministack builds the ARN from the name alone, so an explicit Deny on a path, which is what keeps
    quarantine's roles off those who are exempt, would never bite here.
    """
    extract = iam_actions.extract_resource_arn

    def whole(service: str, *request: Any, **options: Any) -> str:
        arn: str = extract(service, *request, **options)
        for kind, known in ((":user/", iam._users), (":role/", iam._roles)):
            if service == "iam" and kind in arn and (found := known.get(arn.split(kind, 1)[1])):
                return str(found["Arn"])
        return arn

    iam_actions.extract_resource_arn = whole


def authorise_the_list_of_users_by_its_path() -> None:
    """AWS judges ListUsers by the path that is asked for (`user/`).

    ministack knows no resource for it, so a role that may list the users of its account only could list none.
    """
    extract = iam_actions.extract_resource_arn

    def by_path(
        service: str, method: str, path: str, headers: Any, body: bytes, parameters: Any, region: str, account_id: str
    ) -> str:
        arn: str = extract(service, method, path, headers, body, parameters, region, account_id)
        listed = service == "iam" and arn == "*" and "ListUsers" in str(parameters.get("Action"))
        return f"arn:aws:iam::{account_id}:user/" if listed else arn

    iam_actions.extract_resource_arn = by_path


def authorise_parameters_by_their_path() -> None:
    """AWS judges GetParametersByPath by the path that is asked for (`parameter/iamwatch/exceptions`).

    ministack knows no resource for it, so a role that may read one path only could read none.
    """
    extract = iam_actions.extract_resource_arn

    def by_path(
        service: str, method: str, path: str, headers: Any, body: bytes, parameters: Any, region: str, account_id: str
    ) -> str:
        arn: str = extract(service, method, path, headers, body, parameters, region, account_id)
        asked = _json(body).get("Path") if service == "ssm" and arn == "*" else None
        return f"arn:aws:ssm:{region}:{account_id}:parameter{asked}" if isinstance(asked, str) else arn

    iam_actions.extract_resource_arn = by_path


def know_the_role_behind_a_session() -> None:
    """AWS gives `aws:PrincipalArn` of a role's session as the role's ARN, path included.

    ministack gives the session's ARN: a policy that lets certain roles only publish to a topic would
    shut them all out.
    """
    resolve = iam_evaluator._resolve_condition_key

    def role_arn(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        role = iam._roles.get(value.split("/")[1])
        return role["Arn"] if role else value

    iam_evaluator._resolve_condition_key = role_arn


def take_this_machine_for_secure() -> None:
    """AWS is spoken to over TLS, so that `aws:SecureTransport` is true. Here it is plain HTTP on 127.0.0.1.

    Without this, policies that refuse calls without TLS would refuse every call.
    """
    resolve = iam_evaluator._resolve_condition_key

    def secure(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = secure


def know_the_condition_keys_of_our_roles() -> None:
    """AWS fills `events:source` and `events:detail-type` for PutEvents, `dynamodb:LeadingKeys`, `dynamodb:Attributes`,
    `iam:PolicyARN` and `iam:PermissionsBoundary`.

    ministack leaves them empty: a role limited by them can do nothing here, but a role limited by LeadingKeys or Attributes
    (with ForAllValues) everything. Differences to AWS: LeadingKeys and Attributes are known for calls that name their keys, not
    for Query; PermissionsBoundary for calls that put or delete one, not for those that attach policies.
    """
    context_of = iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        keys: dict[str, Any] = dict(context_of(service, action, body, parameters))
        if action == "events:PutEvents":
            keys.update(_put_events_keys(_json(body)))
        elif service == "iam":
            keys.update(_iam_keys(action, parameters))
        elif service == "dynamodb" and (leading := _leading_keys(_json(body))):
            keys["dynamodb:LeadingKeys"] = leading
            keys["dynamodb:Attributes"] = sorted(_attributes(_json(body)))
        return keys

    iam_actions.request_tag_context = context


def _json(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _put_events_keys(data: dict[str, Any]) -> dict[str, Any]:
    entries = [entry for entry in data.get("Entries") or [] if isinstance(entry, dict)]
    keys = {
        "events:source": sorted({str(entry.get("Source", "")) for entry in entries}),
        "events:detail-type": sorted({str(entry.get("DetailType", "")) for entry in entries}),
    }
    # One value as a plain string: the condition operators take a list only with ForAllValues.
    return {key: values[0] if len(values) == 1 else values for key, values in keys.items()}


def _iam_keys(action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    call = action.split(":", 1)[-1]
    asked = {name: iam_actions._query_param(parameters, name) for name in ("PolicyArn", "PermissionsBoundary")}
    if call in ("AttachUserPolicy", "DetachUserPolicy"):
        return {"iam:PolicyARN": asked["PolicyArn"]}
    if call == "PutUserPermissionsBoundary":
        return {"iam:PermissionsBoundary": asked["PermissionsBoundary"]}
    if call == "DeleteUserPermissionsBoundary":
        user = iam._users.get(iam_actions._query_param(parameters, "UserName") or "") or {}
        return {"iam:PermissionsBoundary": user.get("PermissionsBoundary") or ""}
    return {}


#: What stands in an expression of DynamoDB's and is no attribute.
WORDS = re.compile(r"(?i)\b(SET|REMOVE|ADD|DELETE|AND|OR|NOT|IN|BETWEEN)\b|\b\w+(?=\s*\()|:\w+|\[\d+\]|\.#?\w+")


def _calls(data: dict[str, Any]) -> list[dict[str, Any]]:
    calls = [data, *(call for item in data.get("TransactItems") or [] for call in item.values())]
    return [call for call in calls if isinstance(call, dict)]


def _attributes(data: dict[str, Any]) -> set[str]:
    """The top-level attributes that a call names."""
    found: set[str] = set()
    for call in _calls(data):
        found |= {*(call.get("Item") or {}), *(call.get("Key") or {})}
        names = call.get("ExpressionAttributeNames") or {}
        for kind in ("UpdateExpression", "ConditionExpression", "ProjectionExpression"):
            words = re.findall(r"#?\b\w+", WORDS.sub(" ", call.get(kind) or ""))
            found |= {names.get(word, word) for word in words}
    return found


def _leading_keys(data: dict[str, Any]) -> list[str]:
    leading: list[str] = []
    for call in _calls(data):
        table = dynamodb._tables.get(str(call.get("TableName", "")).rsplit("/", 1)[-1])
        named = call.get("Item") or call.get("Key") or {}
        value = named.get(table["pk_name"]) if table else None
        if isinstance(value, dict):
            leading.extend(str(key) for key in value.values())
    return leading
