"""The deployed line as a test sees it: send events in, hear what comes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from events import CloudTrailEvent, send
from launcher import LocalAws
from stack import SETTLE_SECONDS, Account, Notification, Queue, QueueSubscriber, Stack, wait_for

WAIT_SECONDS = 20


def quarantine_part(notification: Notification) -> dict[str, Any] | None:
    """What a message says of quarantine; an alert, which comes before quarantine, says nothing of it."""
    part: dict[str, Any] | None = notification.json()["unmapped"]["iamwatch"]["quarantine"]
    return part


@dataclass
class Line:
    """The deployed stack, with everybody who listens to it."""

    local_aws: LocalAws
    stack: Stack
    #: A machine that subscribed to the topic: gets what `sqs` gets.
    subscriber: QueueSubscriber
    #: Everything on the findings bus.
    findings: Queue
    #: Events whose function failed for good.
    failed: Queue
    #: Events that EventBridge could not deliver.
    undelivered: Queue

    @property
    def account(self) -> Account:
        return self.stack.account

    def send(self, *sent: CloudTrailEvent) -> None:
        send(self.account.client("events"), *sent)

    def alerts(self, watcher: str, count: int = 1, settle: float = SETTLE_SECONDS) -> list[Notification]:
        """What a machine got from one watcher: waits for `count`, then a moment for one too many."""
        wait_for(lambda: len(self._alerts(watcher)) >= count, WAIT_SECONDS, f"{count} alerts of `{watcher}`")
        self.subscriber.read(0, settle=settle)
        return self._alerts(watcher)

    def _alerts(self, watcher: str) -> list[Notification]:
        heard = self.subscriber.read(0, settle=0.1)
        return [n for n in heard if n.attributes.get("watcher") == watcher and not quarantine_part(n)]

    def quarantine_reports(self, count: int = 1) -> list[dict[str, Any]]:
        """What quarantine said it did: `state`, `record`, `refusal`. Waits for `count`, then for one too many."""
        wait_for(lambda: len(self._quarantine_reports()) >= count, WAIT_SECONDS, f"{count} reports of quarantine")
        self.subscriber.read(0)
        return self._quarantine_reports()

    def _quarantine_reports(self) -> list[dict[str, Any]]:
        heard = self.subscriber.read(0, settle=0.1)
        return [part for notification in heard if (part := quarantine_part(notification))]

    def digest(self) -> None:
        """One run of the digest, which the schedule starts every minute."""
        self.account.client("lambda").invoke(FunctionName=self.stack.physical_id("Digest"), Payload="{}")

    def told_of_held_back(self) -> dict[str, Any]:
        """Runs the digest until it tells of what was held back, as soon as the topic has room: what machines get."""

        def told() -> list[dict[str, Any]]:
            self.digest()
            return self.held_back()

        return wait_for(told, 30, "the message about what was held back")[0]

    def held_back(self) -> list[dict[str, Any]]:
        """What the messages about alerts that were held back say to machines: `alerts`, `counts`, `loudest`."""
        parts = [n.json()["unmapped"]["iamwatch"].get("held") for n in self.subscriber.read(0, settle=0.5)]
        return [part for part in parts if part]

    def still_held_back(self) -> set[str]:
        """The incidents of alerts that were held back and that no message told of yet."""
        return {json.loads(row["held"]["S"])["incident"] for row in self._rows("held#")}

    def emails(self) -> list[dict[str, Any]]:
        """The e-mails on-call would have got, oldest first."""
        topic = self.stack.outputs["TopicArn"]
        return [m for m in self.local_aws.kept_messages() if m["topic"] == topic and m["protocol"] == "email"]

    def published(self) -> list[str]:
        """What was published on the topic for all protocols together, as far as somebody is mailed of it."""
        return [str(email["published"]) for email in self.emails()]

    def most_emails_within(self, seconds: float) -> int:
        """How many e-mails came within any time as long as this, at most."""
        times = [email["at"] for email in self.emails()]
        return max(sum(1 for at in times if start <= at < start + seconds) for start in times)

    def findings_about(self, event: CloudTrailEvent, count: int = 1) -> list[dict[str, Any]]:
        """The findings on the bus that name an event; waits for `count` of them."""

        def about() -> list[str]:
            return [m["Body"] for m in self.findings.read(0, settle=0.1) if event.event_id in m["Body"]]

        wait_for(lambda: len(about()) >= count, WAIT_SECONDS, f"{count} findings about `{event.event_id}`")
        return [json.loads(body)["detail"] for body in about()]

    def iam_writes(self) -> list[dict[str, Any]]:
        """What the functions changed in IAM: calls in this account by a role's session that are no reads."""
        return [
            call
            for call in self.local_aws.iam_calls()
            if call["account"] == self.account.id
            and ":assumed-role/" in call["caller"]
            and not call["action"].startswith(("Get", "List"))
        ]

    def wait_for_calls(self, function: str, count: int) -> None:
        """Wait until a function was called so often, and has answered."""

        def done() -> bool:
            return sum(line.startswith("END RequestId") for line in self.stack.logs(function)) >= count

        wait_for(done, 30, f"{count} calls of `{function}`")

    def incidents(self) -> list[dict[str, Any]]:
        """What the table has of incidents."""
        return self._rows("incident#")

    def dossiers(self) -> list[dict[str, Any]]:
        """What the table has of principals that were denied something; `version` is how often each was written."""
        return self._rows("denied#")

    def _rows(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.account.client("dynamodb").get_paginator("scan").paginate(TableName=self.stack.outputs["TableName"])
        return [row for page in pages for row in page["Items"] if row["pk"]["S"].startswith(prefix)]

    def wait_for_denied_calls(self, seconds: float = 30) -> None:
        """Wait until no denied call is waiting or being looked at."""
        sqs, queue = self.account.client("sqs"), self.stack.physical_id("DeniedCalls")
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

        def none_left() -> bool:
            left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(counts))["Attributes"]
            return not any(int(left[count]) for count in counts)

        wait_for(none_left, seconds, "the denied calls to be looked at")
