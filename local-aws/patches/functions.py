"""Lambda: where a function's code comes from, and what its role must allow."""

from __future__ import annotations

import logging
import re
from typing import Any

from ministack.core.iam_evaluator import EvalContext, combine_resource_policy, evaluate, resolve_principal
from ministack.core.lambda_runtime import execution_credentials
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam, lambda_svc, s3, sqs

log = logging.getLogger("local-aws")

_SIGNED_BY = re.compile(r"Credential=([^/]+)/")


def insist_on_the_code_of_a_function() -> None:
    """AWS takes a function's code from a bucket of any account that lets it, and fails without code.

    ministack looks in the function's account only; a stack whose code is not there is made all the same,
    and its functions answer every call with a made-up success. Difference to AWS: the bucket's policy is
    not asked.
    """
    fetch = lambda_svc._fetch_code_from_s3

    def insisting(bucket: str, key: str, version_id: str | None = None) -> bytes:
        with request_scope(s3._bucket_owner_account(bucket) or get_account_id(), get_region()):
            code: bytes | None = fetch(bucket, key, version_id)
        if code is None:
            raise ValueError(f"there is no package `s3://{bucket}/{key}`")
        return code

    lambda_svc._fetch_code_from_s3 = insisting


def ask_the_role_before_an_event_is_kept() -> None:
    """AWS sends a failed event to its OnFailure destination with the rights of the function's role.

    ministack sends it whatever the role may do. Difference to AWS: only queues are asked for, and AWS
    refuses already to configure a destination that the role may not use.
    """
    route = lambda_svc._route_async_failure

    def asking(destination: str, function: str, event: Any, result: dict[str, Any]) -> None:
        if ":sqs:" in destination and not _may_send(function, destination):
            log.warning("event lost: the role of `%s` may not sqs:SendMessage to `%s`", function, destination)
            return
        route(destination, function, event, result)

    lambda_svc._route_async_failure = asking


def say_who_calls_a_function_url() -> None:
    """AWS hands a function the ARN and the unique id of whoever called its URL, where the URL asks IAM. ministack hands it nobody's.

    Difference to AWS: the id of a role's session has no session name behind it.
    """
    build = lambda_svc._build_function_url_event

    def saying(url_id: str, account_id: str, *request: Any, **options: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(url_id, account_id, *request, **options)
        signed = _SIGNED_BY.search(event["headers"].get("authorization", ""))
        if signed and not options.get("anonymous"):
            key = signed.group(1)
            arn = resolve_principal(key, account_id).arn
            unique = _unique_id(arn, account_id)
            identity = {"accessKey": key, "accountId": account_id, "callerId": unique, "userArn": arn, "userId": unique}
            event["requestContext"]["authorizer"] = {"iam": identity}
        return event

    lambda_svc._build_function_url_event = saying


def _unique_id(arn: str, account_id: str) -> str:
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind == "user":
        return str(iam._users[name.rsplit("/", 1)[-1]]["UserId"])
    if kind == "assumed-role":
        return str(iam._roles[name.split("/")[0]]["RoleId"])
    return account_id


def _may_send(function: str, queue: str) -> bool:
    config = lambda_svc._functions[function]["config"]
    principal = resolve_principal(execution_credentials(config)["AWS_ACCESS_KEY_ID"], get_account_id())
    request = EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action="sqs:SendMessage",
        resource_arn=queue,
        region=get_region(),
        principal_keys=principal.keys,
    )
    decision = evaluate(request, principal.policies, *principal.limits)
    if found := sqs.queue_policy_for_arn(queue):
        decision = combine_resource_policy(decision, request, *found, limits=principal.limits)
    return bool(decision.decision == "Allow")
