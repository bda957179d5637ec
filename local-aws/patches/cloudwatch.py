"""CloudWatch: alarms."""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners


def accept_alarms_on_expressions() -> None:
    """AWS takes alarms on an expression over several metrics; ministack refuses a stack with one.

    Here such an alarm is made on the first of its metrics. Difference to AWS: it says nothing. No alarm
    is tried out on the local AWS, since functions' metrics are not made here.
    """
    record_of = provisioners._cw_metric_alarm_record

    def simpler(name: str, properties: dict[str, Any]) -> Any:
        stats = [metric["MetricStat"] for metric in properties.get("Metrics") or [] if "MetricStat" in metric]
        if not stats:
            return record_of(name, properties)
        first = stats[0]
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        return record_of(name, {**rest, **first["Metric"], "Statistic": first["Stat"], "Period": first["Period"]})

    provisioners._cw_metric_alarm_record = simpler
