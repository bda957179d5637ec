"""The ledger in DynamoDB, through the AWS SDK."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import stack

ROOT = Path(__file__).resolve().parents[2]


def test_the_ledger_in_dynamodb_holds_what_every_ledger_must(account: stack.Account) -> None:
    table = "ledger"
    account.client("dynamodb").create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "due_bucket", "AttributeType": "S"},
            {"AttributeName": "due_at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_bucket", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    # Built by `make quick`; the same flags, so that nothing is built again.
    suite = subprocess.run(
        ["make", "--silent", "ledger-suite"],
        cwd=ROOT,
        env={**os.environ, **account.environment(), "IAMWATCH_TABLE": table},
        capture_output=True,
        text=True,
    )
    assert suite.returncode == 0, suite.stdout + suite.stderr
    assert "1 passed" in suite.stdout
