"""CloudWatch's alarms in the form in which newer SDKs ask for them: RPC v2 with CBOR. moto: 404 and HTML.

Reference: Smithy, "RPC v2 CBOR protocol"; RFC 8949 for the bytes.
"""

import struct

from moto.cloudwatch.models import cloudwatch_backends

HEADERS = [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    return bytes([major << 5 | 26]) + struct.pack(">I", size)


def encode(value) -> bytes:
    """Maps, lists, texts, booleans and numbers: all that the answer holds."""
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


def _alarm(alarm) -> dict:
    said = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Statistic": alarm.statistic,
        "Period": alarm.period and int(alarm.period),
        "EvaluationPeriods": alarm.evaluation_periods and int(alarm.evaluation_periods),
        "DatapointsToAlarm": alarm.datapoints_to_alarm and int(alarm.datapoints_to_alarm),
        "Threshold": None if alarm.threshold is None else float(alarm.threshold),
        "ComparisonOperator": alarm.comparison_operator,
        "TreatMissingData": alarm.treat_missing_data,
        "ActionsEnabled": alarm.actions_enabled in (True, "true"),
        "AlarmActions": list(alarm.alarm_actions or []),
        "Dimensions": [{"Name": d.name, "Value": d.value} for d in alarm.dimensions],
        "Unit": alarm.unit,
        "StateValue": alarm.state_value,
    }
    return {name: value for name, value in said.items() if value is not None}


def describe_alarms(account: str, region: str) -> tuple[list, bytes]:
    """All metric alarms on one page."""
    alarms = cloudwatch_backends[account][region].alarms.values()
    return HEADERS, encode({"MetricAlarms": [_alarm(alarm) for alarm in alarms if not alarm.rule]})
