"""Writes the documents of AWS's managed policies to the standard output, for the test that judges them.

The documents come with moto, which takes them from AWS; this repository keeps our judgement of them only.
"""

import importlib.metadata
import json
import sys

from moto.iam.aws_managed_policies import aws_managed_policies_data


def main() -> None:
    policies = json.loads(aws_managed_policies_data)
    answer = {
        "source": f"moto {importlib.metadata.version('moto')} from PyPI",
        "newest": max(policy["UpdateDate"] for policy in policies.values())[:10],
        "policies": [
            {
                "name": policy["Path"].removeprefix("/") + name,
                "version": policy["DefaultVersionId"],
                "document": policy["Document"],
            }
            for name, policy in policies.items()
        ],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
