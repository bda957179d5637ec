"""SNS: what it refuses, and what people would get."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from ministack.services import sns
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

MAX_SUBJECT = 100
#: Enough for a test run; older messages fall out.
KEPT = 10_000

#: What would have gone to mailboxes and phones, oldest first; with all that was published where that is one text for each protocol.
kept: deque[dict[str, Any]] = deque(maxlen=KEPT)


def refuse_what_sns_refuses() -> None:
    """AWS refuses a subject that is too long, not printable ASCII or more than one line, and a
    `MessageStructure=json` message that is no JSON object or has no `default`.

    ministack takes all of these, so an alert that is lost on AWS would arrive here.
    """
    publish = sns.publish_internal

    def checked(topic_arn: str, message: Any, subject: str = "", **options: Any) -> Any:
        if fault := _subject_fault(subject) or _structure_fault(message, options.get("message_structure", "")):
            raise sns.SnsPublishError("InvalidParameter", f"Invalid parameter: {fault}")
        return publish(topic_arn, message, subject, **options)

    sns.publish_internal = checked


def _subject_fault(subject: str) -> str:
    if len(subject) > MAX_SUBJECT or not all(" " <= c <= "~" for c in subject) or subject.startswith(" "):
        return "Subject"
    return ""


def _structure_fault(message: Any, structure: str) -> str:
    if structure != "json":
        return ""
    try:
        texts = json.loads(message)
    except (TypeError, ValueError):
        return "Message Structure - JSON message body failed to parse"
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        return "Message Structure - No default entry in JSON message body"
    return ""


def limit_the_default_policy_of_a_topic() -> None:
    """AWS gives a new topic a policy that lets nobody publish without a permission of their own.

    Topics that ministack's CloudFormation makes lack the condition in that policy, so that any role of
    the account may publish and a forgotten `sns:Publish` is never felt.
    """
    handlers = _RESOURCE_HANDLERS["AWS::SNS::Topic"]
    create = handlers["create"]

    def limited(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        made = create(logical_id, properties, stack_name)
        attributes = sns._topics[made[0]]["attributes"]
        policy = json.loads(attributes["Policy"])
        owner = {"StringEquals": {"AWS:SourceOwner": attributes["Owner"]}}
        policy["Statement"] = [{**statement, "Condition": owner} for statement in policy["Statement"]]
        attributes["Policy"] = json.dumps(policy)
        return made

    handlers["create"] = limited


def keep_what_people_would_get() -> None:
    """AWS mails and texts. ministack drops messages to `email`, `email-json` and `sms` subscribers.

    They are kept here for the demo and the tests. Differences to AWS: an e-mail subscription is
    confirmed at once, because nobody can click the link, and AWS's unsubscribe footer is left out.
    """
    fan_out = sns._fanout

    def keeping(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            protocol = subscription.get("protocol", "")
            text = sns._resolve_message_for_protocol(message, message_structure, protocol)
            if protocol not in ("email", "email-json", "sms") or not subscription.get("confirmed"):
                continue
            if not sns._matches_filter_policy(subscription, message_attributes or {}, text):
                continue
            kept.append(
                {
                    "topic": topic_arn,
                    "protocol": protocol,
                    "to": subscription.get("endpoint", ""),
                    "subject": subject,
                    "text": text,
                    "published": message,
                    "at": time.time(),
                }
            )
        fan_out(topic_arn, message_id, message, subject, message_structure, message_attributes, **options)

    sns._fanout = keeping
