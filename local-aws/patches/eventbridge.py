"""EventBridge: who may send, what a bus's policy says, what a rule's state lets through, and how a target is reached."""

from __future__ import annotations

import json
import logging
import time
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, evaluate, evaluate_resource_policy
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
    request_scope,
)
from ministack.services import eventbridge, lambda_svc, sqs
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

log = logging.getLogger("local-aws")

SERVICE = "events.amazonaws.com"
ALL_MANAGEMENT_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
CLOUDTRAIL_CALL = "AWS API Call via CloudTrail"
READ_PREFIXES = ("Get", "List", "Describe")
#: Reads by name, but EventBridge delivers them with any enabled rule.
DELIVERED_READS = frozenset({"GetFederationToken", "GetSessionToken"})
MAX_REQUEST_BYTES = 256 * 1024

#: The rule and target being served, for code that ministack calls with an ARN only.
_serving: ContextVar[tuple[dict[str, Any], dict[str, Any]] | None] = ContextVar("serving", default=None)


def accept_events_from_aws_sources() -> None:
    """AWS refuses PutEvents with a source of `aws.*`, and so does ministack.

    On AWS CloudTrail puts these events on the bus by itself. Here a test or the demo has to, so it
    may. Difference to AWS: anyone who may call PutEvents can forge a CloudTrail event here.
    """
    put_events = eventbridge._put_events

    def put(data: dict[str, Any], allow_aws_source: bool = True) -> Any:
        return put_events(data, allow_aws_source=allow_aws_source)

    eventbridge._put_events = put


def refuse_entries_that_aws_refuses() -> None:
    """AWS refuses requests over 256 KB, and entries whose detail is not a JSON object.

    ministack takes both. Difference to AWS: the size is counted as AWS documents it (detail,
    detail type, source, resources), not measured against AWS.
    """
    put_events = eventbridge._put_events

    def put(data: dict[str, Any], **options: Any) -> Any:
        entries = data.get("Entries", [])
        if sum(map(_entry_bytes, entries)) > MAX_REQUEST_BYTES:
            return error_response_json(
                "ValidationException", "Total size of the entries in the request is over the limit.", 400
            )
        malformed = [not _is_json_object(entry.get("Detail", "{}")) for entry in entries]
        if not any(malformed):
            return put_events(data, **options)
        sound = [entry for entry, bad in zip(entries, malformed, strict=True) if not bad]
        status, headers, body = put_events({**data, "Entries": sound}, **options)
        if status != HTTPStatus.OK:
            return status, headers, body
        answer = json.loads(body)
        taken = iter(answer["Entries"])
        refused = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        results = [refused if bad else next(taken) for bad in malformed]
        return json_response({"FailedEntryCount": answer["FailedEntryCount"] + sum(malformed), "Entries": results})

    eventbridge._put_events = put


def _entry_bytes(entry: dict[str, Any]) -> int:
    texts = [entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""), *entry.get("Resources", [])]
    return sum(len(str(text).encode()) for text in texts)


def _is_json_object(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def obey_the_policy_of_a_bus() -> None:
    """AWS judges PutEvents by the policy of the bus, too: a Deny there binds callers of its own account.

    ministack keeps what PutPermission says, asks it of nobody, and its CloudFormation cannot make a policy of a bus. Difference to
    AWS: the account's root, with whose key the tests work, is bound by no policy here.
    """

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        bus, sid = properties.get("EventBusName", "default"), properties["StatementId"]
        policy = eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})
        policy["Statement"].append({**properties["Statement"], "Sid": sid})
        return f"{bus}|{sid}", {}

    def delete(physical_id: str, properties: dict[str, Any]) -> None:
        bus, sid = physical_id.split("|", 1)
        eventbridge._remove_permission({"EventBusName": bus, "StatementId": sid})

    def of(arn: str) -> tuple[Any, str] | None:
        policy = eventbridge._event_bus_policies.get(arn.rsplit("/", 1)[-1]) if ":event-bus/" in arn else None
        return (policy, arn.split(":")[4]) if policy else None

    _RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {"create": create, "delete": delete}
    eventbridge.bus_policy_for_arn = of
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy_for_arn")


def hand_on_to_buses_elsewhere() -> None:
    """AWS hands an event on to the bus of another region or account, with the account and region that it came from, where the
    role of the target may put it there and, in another account, the policy of the bus lets that role in.

    ministack delivers to buses of its own account and region only, and asks no role. Differences to AWS: what came from elsewhere
    could be handed on again; only inline policies and attached ones of the role are asked, no boundary of it.
    """
    to_bus_here = eventbridge._dispatch_to_event_bus

    def to_bus(spec: Any, event: dict[str, Any], rule: dict[str, Any], path: Any, payload: str | None = None) -> None:
        if (spec.account_id, spec.region) == (get_account_id(), get_region()):
            to_bus_here(spec, event, rule, path, payload)
            return
        _rule, target = _serving.get() or ({}, {})
        role = str(target.get("RoleArn", ""))
        bus = spec.resource.removeprefix("event-bus/")
        arn = f"arn:{spec.partition}:events:{spec.region}:{spec.account_id}:event-bus/{bus}"
        if not _role_may_put(role, arn, event):
            letter = json.dumps(eventbridge._pattern_event_view(event).event_with_detail())
            _dead_letter(letter, "NO_PERMISSIONS", f"role `{role}` may not put events on `{arn}`")
            return
        with request_scope(spec.account_id, spec.region):
            eventbridge._dispatch_event({**event, "EventBusName": bus})

    eventbridge._dispatch_to_event_bus = to_bus


def _role_may_put(role: str, bus_arn: str, event: dict[str, Any]) -> bool:
    if not role:
        return False
    request = EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action="events:PutEvents",
        resource_arn=bus_arn,
        region=get_region(),
        service_context={"events:source": event.get("Source"), "events:detail-type": event.get("DetailType")},
    )
    own = iam_evaluator._gather_role_policies(role.rsplit("/", 1)[-1], get_account_id())
    if evaluate(request, own).decision != "Allow":
        return False
    _arn, _partition, _service, region, account, bus = bus_arn.split(":", 5)
    if account == get_account_id():
        return True
    with request_scope(account, region):
        policy = eventbridge._event_bus_policies.get(bus.removeprefix("event-bus/"))
    return bool(evaluate_resource_policy(policy, request).decision == "Allow")


def deliver_by_the_state_of_the_rule() -> None:
    """AWS withholds CloudTrail's Get*, List* and Describe* events from rules that are only `ENABLED`.

    They reach rules in state `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`. ministack does not know
    that state (such a rule never fires) and gives reads to every enabled rule, so that a rule blind to
    denied reads on AWS would see them here.
    """

    def dispatch(event: dict[str, Any], view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        seen = set(event.get("_DispatchPath") or [])
        for key, rule in list(eventbridge._rules.items()):
            if rule.get("EventBusName", "default") != event.get("EventBusName", "default") or key in seen:
                continue
            if not rule.get("EventPattern") or not _state_lets_through(rule.get("State"), event):
                continue
            if eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
                for target in eventbridge._targets.get(key, []):
                    eventbridge._invoke_target(target, event, rule, view)

    eventbridge._dispatch_event = dispatch


def _state_lets_through(state: str | None, event: dict[str, Any]) -> bool:
    if state == ALL_MANAGEMENT_EVENTS:
        return True
    return state == "ENABLED" and not _is_read_by_cloudtrail(event)


def _is_read_by_cloudtrail(event: dict[str, Any]) -> bool:
    if event.get("DetailType") != CLOUDTRAIL_CALL:
        return False
    try:
        name = json.loads(event.get("Detail", "{}")).get("eventName")
    except (AttributeError, ValueError):
        return False
    return isinstance(name, str) and name.startswith(READ_PREFIXES) and name not in DELIVERED_READS


def deliver_with_retries_and_dead_letters() -> None:
    """AWS invokes functions asynchronously, and keeps what it could not deliver.

    A function that fails is called again twice, after one and two minutes; then the event goes to its
    OnFailure destination. An event that never got as far as the function (it is gone, or its policy
    does not let the rule in) goes to the target's dead-letter queue, if that queue's policy lets
    EventBridge send. ministack calls the function once, asks no policy, and drops what fails.

    Differences to AWS: the pauses are seconds (`--retry-seconds`); a missing function or permission is
    not retried for the target's RetryPolicy, the dead letter is there at once; a destination queue does
    not check the function's role.
    """
    invoke_target = eventbridge._invoke_target
    send_to_queue = eventbridge._dispatch_to_sqs

    def invoke(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
        token = _serving.set((rule, target))
        try:
            invoke_target(target, event, rule, view)
        finally:
            _serving.reset(token)

    def to_lambda(arn: str, payload: str) -> None:
        function, config, _name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            _dead_letter(payload, "NO_RESOURCE", f"function `{arn}` does not exist")
        elif not _function_lets_rule_in(function, arn):
            _dead_letter(payload, "NO_PERMISSIONS", f"function `{arn}` does not let {SERVICE} invoke it")
        else:
            record = lambda_svc._execution_record_for_config(function, config)
            lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    def to_queue(spec: Any, payload: str, parameters: dict[str, Any] | None = None) -> None:
        if sqs._queue_by_arn(str(spec)) is None:
            _dead_letter(payload, "NO_RESOURCE", f"queue `{spec}` does not exist")
        elif not _queue_lets_rule_in(str(spec)):
            _dead_letter(payload, "NO_PERMISSIONS", f"queue `{spec}` does not let {SERVICE} send")
        else:
            send_to_queue(spec, payload, parameters)

    eventbridge._invoke_target = invoke
    eventbridge._dispatch_to_lambda = to_lambda
    eventbridge._dispatch_to_sqs = to_queue


def _source_arn() -> str:
    rule, _target = _serving.get() or ({}, {})
    return str(rule.get("Arn", ""))


def _is_scheduler() -> bool:
    """EventBridge Scheduler assumes the target's role instead of asking the function's policy."""
    return ":scheduler:" in _source_arn()


def _function_lets_rule_in(function: dict[str, Any], arn: str) -> bool:
    if _is_scheduler():
        return True
    request = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=get_region(),
        service_context={"aws:sourcearn": _source_arn(), "aws:sourceaccount": get_account_id()},
    )
    return bool(evaluate_resource_policy(function.get("policy"), request, service=SERVICE).decision == "Allow")


def _queue_lets_rule_in(arn: str) -> bool:
    return _is_scheduler() or bool(sqs.queue_policy_allows(arn, SERVICE, _source_arn(), get_account_id()))


def _dead_letter(payload: str, code: str, message: str) -> None:
    """Put an event that could not be delivered into its target's dead-letter queue, with AWS's attributes."""
    rule, target = _serving.get() or ({}, {})
    arn = (target.get("DeadLetterConfig") or {}).get("Arn", "")
    queue = sqs._queue_by_arn(arn) if arn else None
    if queue is None or not _queue_lets_rule_in(arn):
        log.warning("event lost: %s; dead-letter queue `%s` is missing or does not let %s send", message, arn, SERVICE)
        return
    facts = {
        "RULE_ARN": rule.get("Arn", ""),
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
    }
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()}
    now = time.time()
    letter = {
        "id": new_uuid(),
        "body": payload,
        "message_attributes": attributes,
        "md5_attrs": sqs._md5_msg_attrs(attributes),
        "sent_at": now,
        "visible_at": now + sqs.queue_delay(queue),
    }
    sqs._ensure_msg_fields(letter)
    queue["messages"].append(letter)
    esm_wake.set()
