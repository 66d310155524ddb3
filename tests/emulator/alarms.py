"""CloudWatch's alarms in the form in which newer SDKs ask for them: RPC v2 with CBOR. moto: 404 and HTML.

Reference: Smithy, "RPC v2 CBOR protocol"; RFC 8949 for the bytes.
"""

import struct
from datetime import datetime, timezone

from moto.cloudwatch.models import cloudwatch_backends

HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    return bytes([major << 5 | 26]) + struct.pack(">I", size)


def encode(value) -> bytes:
    """Maps, lists, texts, times, booleans and numbers: all that the answer holds."""
    if isinstance(value, datetime):
        # Epoch seconds under tag 1; moto's clock is UTC without saying so.
        return b"\xc1" + encode(value.replace(tzinfo=timezone.utc).timestamp())
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    pairs = [encode(name) + encode(inner) for name, inner in value.items()]
    return _head(5, len(pairs)) + b"".join(pairs)


def _common(alarm) -> dict:
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmDescription": alarm.description,
        "ActionsEnabled": alarm.actions_enabled in (True, "true"),
        "OKActions": list(alarm.ok_actions or []),
        "AlarmActions": list(alarm.alarm_actions or []),
        "InsufficientDataActions": list(alarm.insufficient_data_actions or []),
        "StateValue": alarm.state_value,
        "StateReason": alarm.state_reason,
        "StateUpdatedTimestamp": alarm.state_updated_timestamp,
        # moto knows one time for both: a state that changes is updated.
        "StateTransitionedTimestamp": alarm.state_updated_timestamp,
    }


def _without_none(said: dict) -> dict:
    return {name: value for name, value in said.items() if value is not None}


def _dimensions(of) -> list:
    return [{"Name": it.name, "Value": it.value} for it in of or []]


def _query(query) -> dict:
    """A metric or an expression of an alarm on several."""
    stat = query.metric_stat
    metric = stat and {
        "Namespace": stat.metric.namespace,
        "MetricName": stat.metric.metric_name,
        "Dimensions": _dimensions(stat.metric.dimensions),
    }
    stat = stat and _without_none(
        {"Metric": metric, "Period": int(stat.period), "Stat": stat.stat, "Unit": stat.unit}
    )
    return _without_none({"Id": query.id, "Label": query.label, "Expression": query.expression, "MetricStat": stat})


def _alarm(alarm) -> dict:
    said = {
        **_common(alarm),
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Statistic": alarm.statistic,
        "Period": alarm.period and int(alarm.period),
        "EvaluationPeriods": alarm.evaluation_periods and int(alarm.evaluation_periods),
        "DatapointsToAlarm": alarm.datapoints_to_alarm and int(alarm.datapoints_to_alarm),
        "Threshold": None if alarm.threshold is None else float(alarm.threshold),
        "ComparisonOperator": alarm.comparison_operator,
        "TreatMissingData": alarm.treat_missing_data,
        "ExtendedStatistic": alarm.extended_statistic,
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile,
        "ThresholdMetricId": alarm.threshold_metric_id,
        "Dimensions": _dimensions(alarm.dimensions),
        "Metrics": [_query(it) for it in alarm.metric_data_queries] or None,
        "Unit": alarm.unit,
    }
    return _without_none(said)


def describe_alarms(account: str, region: str) -> tuple[list, bytes]:
    """All metric and composite alarms on one page."""
    alarms = cloudwatch_backends[account][region].alarms.values()
    metric = [_alarm(alarm) for alarm in alarms if not alarm.rule]
    composite = [_without_none({**_common(it), "AlarmRule": it.rule}) for it in alarms if it.rule]
    return HEADERS, encode({"MetricAlarms": metric, "CompositeAlarms": composite})
