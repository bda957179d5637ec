"""Checks template.yaml in layers, since each sees what the others miss; exit code 1 if anything is wrong.

    python local-aws/check_template.py [TEMPLATE]

1. SAM's translator: names of SAM's own properties, references between them.
2. cfn-lint on the template as it is written: duplicate keys, parameters, rules, conditions.
3. cfn-lint on what SAM makes of it: runtimes, limits, names of IAM actions, all of which it cannot see before.
4. Every event pattern in an event matcher, which refuses what EventBridge refuses, and lets in the samples of events/
   that make a detection fire: EventBridge takes a pattern that can match nothing without a word.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"  # the translator asks for it to know the partition
logging.disable(logging.CRITICAL)  # what is wrong is printed once, below

from ministack.services import eventbridge  # noqa: E402
from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

import stack  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
LONGEST_PATTERN = 2048
#: What no pattern can promise to let in: an event without a name or a sender.
UNPROMISED = "unreadable-event"

Rules = dict[str, str]


def main() -> int:
    template = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "template.yaml"
    wrong = 0

    def report(step: str, findings: list[str]) -> None:
        nonlocal wrong
        wrong += len(findings)
        print(f"{'ok   ' if not findings else 'WRONG'} {step}")
        for finding in findings:
            print("      " + finding.replace("\n", "\n      "))

    report("cfn-lint on the template", cfn_lint(template))
    try:
        transformed = translate(stack.load_template(template))
    except (InvalidDocumentException, stack.DeployError) as error:
        causes = getattr(error, "causes", None) or [error]
        report("SAM's translator", [str(getattr(cause, "message", cause)) for cause in causes])
    except Exception as error:  # cfn-lint has named what the YAML reader stumbles over
        report("SAM's translator", [f"{type(error).__name__}: {error}"])
    else:
        report("SAM's translator", [])
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "transformed.json"
            written.write_text(json.dumps(transformed, indent=1), encoding="utf-8")
            report("cfn-lint on what SAM makes of it", cfn_lint(written))
        rules = patterns(transformed)
        report(f"{len(rules)} event patterns", [*refused(rules), *too_long(rules)])
        if "Globals" not in stack.load_template(template):
            # The forwarder hands on what happens in other regions, and the rest of the samples does not.
            print(f"{template.name}: {'nothing wrong' if not wrong else f'{wrong} findings'}")
            return 1 if wrong else 0
        samples = list(firing_samples(ROOT / "events"))
        report(f"{len(samples)} firing samples are let in", shut_out(rules, samples))
    print(f"{template.name}: {'nothing wrong' if not wrong else f'{wrong} findings'}")
    return 1 if wrong else 0


def translate(template: dict[str, Any]) -> dict[str, Any]:
    """The template as SAM hands it to CloudFormation; the code is anywhere in S3."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource.get("Type") == stack.FUNCTION:
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": "function.zip"}

    class NoManagedPolicies:
        def load(self) -> dict[str, str]:
            return {}

    result: dict[str, Any] = transform(template, {}, NoManagedPolicies())
    return result


def cfn_lint(template: Path) -> list[str]:
    """cfn-lint's findings, one a line, with their place."""
    program = Path(sys.executable).with_name("cfn-lint")  # of the same environment
    command = [str(program), "--format", "json", "--regions", "us-east-1", "--", str(template)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        matches = json.loads(run.stdout or "[]")
    except ValueError:
        return [f"cfn-lint failed: {run.stdout}{run.stderr}"]
    if run.returncode and not matches:
        return [f"cfn-lint failed: {run.stderr or run.returncode}"]
    return [_finding(match) for match in matches]


def _finding(match: Mapping[str, Any]) -> str:
    path = match["Location"].get("Path") or []
    line = match["Location"]["Start"]["LineNumber"]
    return f"line {line} {'/'.join(str(step) for step in path)}: {match['Rule']['Id']} {match['Message']}"


def patterns(transformed: Mapping[str, Any]) -> Rules:
    """Logical id → pattern of every rule, as EventBridge gets it in our account."""
    return {
        logical_id: _text(resource["Properties"]["EventPattern"])
        for logical_id, resource in transformed["Resources"].items()
        if resource["Type"] == "AWS::Events::Rule" and "EventPattern" in resource["Properties"]
    }


def _text(pattern: Any) -> str:
    if isinstance(pattern, dict) and isinstance(pattern.get("Fn::Sub"), list):
        # A list of the owner's is put into it: one of them stands for all.
        text, values = pattern["Fn::Sub"]
        for name in values:
            one = ACCOUNT if name == "Accounts" else f"arn:aws:iam::{ACCOUNT}:user/somebody"
            text = text.replace(f"${{{name}}}", one)
        pattern = {"Fn::Sub": text}
    if isinstance(pattern, dict) and isinstance(pattern.get("Fn::Sub"), str):
        return str(pattern["Fn::Sub"]).replace("${AWS::AccountId}", ACCOUNT)
    return json.dumps(pattern).replace('{"Ref": "AWS::AccountId"}', json.dumps(ACCOUNT))


def refused(rules: Rules) -> list[str]:
    reasons = ((name, eventbridge._event_pattern_error(pattern)) for name, pattern in rules.items())
    return [f"{name}: EventBridge refuses the pattern: {reason}" for name, reason in reasons if reason]


def too_long(rules: Rules) -> list[str]:
    return [
        f"{name}: the pattern has {len(pattern)} characters, EventBridge takes {LONGEST_PATTERN}"
        for name, pattern in rules.items()
        if len(pattern) > LONGEST_PATTERN
    ]


def firing_samples(events: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(events.glob("*/fires-*.json")):
        if path.parent.name == UNPROMISED:
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        for event in content if isinstance(content, list) else [content]:
            yield str(path.relative_to(events.parent)), event


def shut_out(rules: Rules, samples: list[tuple[str, dict[str, Any]]]) -> list[str]:
    ours = {name: pattern.replace(ACCOUNT, "ACCOUNT") for name, pattern in rules.items()}

    def let_in(event: dict[str, Any]) -> bool:
        synthetic = eventbridge._event_from_test_payload(event)
        account = str(event.get("account"))
        return any(
            eventbridge._matches_pattern(pattern.replace("ACCOUNT", account), synthetic) for pattern in ours.values()
        )

    if not samples:
        return ["there are no samples in events/"]
    return [f"{name}: no rule lets it in" for name, event in samples if not let_in(event)]


if __name__ == "__main__":
    sys.exit(main())
