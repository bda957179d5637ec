"""SQS as a source of events for functions: how many messages a batch has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import lambda_svc, sqs

MAX_BATCH_BYTES = 6 * 1024 * 1024
#: Of a message in a batch, beside its body.
ENVELOPE_BYTES = 700


def gather_batches_as_aws_does() -> None:
    """AWS gathers messages for a function until there are `BatchSize` of them, six megabytes, or the batching window is over.

    ministack gives at most ten at once, and waits for none. Difference to AWS: the window is as much shorter as a retry's
    pause is (`--retry-seconds`: here a second stands for a minute), and it begins with the oldest message that waits.
    """

    def receive(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            now = time.time()
            visible = [message for message in queue["messages"] if message.get("visible_at", 0) <= now]
            many = _fitting(visible, int(max_number or 1))
            oldest = min((message.get("visible_at", now) for message in visible), default=now)
            if many == len(visible) < int(max_number or 1) and now - oldest < _window(queue):
                return []
            timeout = int(queue["attributes"].get("VisibilityTimeout", "30"))
            batch: list[dict[str, Any]] = sqs._collect_msgs(queue, many, timeout)
            return batch

    sqs._receive_messages_for_esm = receive


def _fitting(messages: list[dict[str, Any]], most: int) -> int:
    room = MAX_BATCH_BYTES
    for number, message in enumerate(messages[:most]):
        room -= len(message["body"].encode()) + ENVELOPE_BYTES
        if room < 0:
            return max(number, 1)
    return min(len(messages), most)


def _window(queue: dict[str, Any]) -> float:
    arn = queue["attributes"].get("QueueArn")
    window = max((float(esm.get("MaximumBatchingWindowInSeconds") or 0) for esm in _mappings(arn)), default=0.0)
    return window * float(os.environ["LAMBDA_ASYNC_RETRY_BASE_SECONDS"]) / 60


def _mappings(queue_arn: Any) -> Iterator[dict[str, Any]]:
    for account, region, mapping in lambda_svc._iter_all_esms():
        with request_scope(account, region):
            if mapping.get("EventSourceArn") == queue_arn:
                yield mapping
