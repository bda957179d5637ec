"""DynamoDB: what a table's policy says."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import dynamodb
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

TABLE = "AWS::DynamoDB::Table"


def obey_the_policy_of_a_table() -> None:
    """AWS judges calls on a table by the table's policy, too: a Deny there binds callers of its own account.

    ministack keeps the policy, asks it of nobody, and its CloudFormation makes none. Difference to AWS: the account's root, with
    whose key the tests work, is bound by no policy here, and an update of a stack leaves the policy as it was.
    """
    create = _RESOURCE_HANDLERS[TABLE]["create"]

    def with_policy(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
        name, attributes = create(logical_id, properties, stack_name)
        if document := (properties.get("ResourcePolicy") or {}).get("PolicyDocument"):
            dynamodb._put_resource_policy({"ResourceArn": attributes["Arn"], "Policy": json.dumps(document)})
        return name, attributes

    def of(arn: str) -> tuple[str, str] | None:
        kept = dynamodb._resource_policies.get(arn.split("/index/", 1)[0])
        return (kept["Policy"], arn.split(":")[4]) if kept else None

    _RESOURCE_HANDLERS[TABLE] = {**_RESOURCE_HANDLERS[TABLE], "create": with_policy}
    dynamodb.table_policy_for_arn = of
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["dynamodb"] = ("dynamodb", "table_policy_for_arn")
