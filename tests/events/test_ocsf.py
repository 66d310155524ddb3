"""OCSF events of records (class 6003) and of key events (class 2004) are of their classes, whatever the records hold."""

import json

import pytest

from harness import ocsf, tool
from harness.records import HOSTILE, hostile, published, raw, write


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Records and key events of the sample, and of a scan with both."""
    folder = tmp_path_factory.mktemp("ocsf")
    tool.run(folder, "events", "search", "--demo", "-f", "ocsf=search.ocsf", "-f", "json=search.json").ended(3)
    tool.run(folder, "events", "detect", "--demo", "-f", "ocsf=detect.ocsf", "-f", "json=detect.json").ended(1)
    tool.run(folder, "scan", "--demo", "--events", "-f", "ocsf=scan.ocsf", "-f", "json=scan.json").ended(1)
    return folder


def search(folder, *records) -> list[dict]:
    """The events of these records."""
    write(folder / "log.json", records)
    tool.run(folder, "events", "search", "log.json", "--sort", "time", "-f", "ocsf=a.ocsf").ended(3)
    return ocsf.events(folder / "a.ocsf")


@pytest.mark.parametrize("name", ["search", "detect", "scan"])
def test_events_of_the_sample_are_of_their_classes(demo, name):
    assert ocsf.problems(demo / f"{name}.ocsf") == []


def test_each_record_is_an_api_activity(demo):
    events = ocsf.events(demo / "search.ocsf")
    records = json.loads((demo / "search.json").read_text())["records"]
    assert {event["class_uid"] for event in events} == {ocsf.ACTIVITY}
    told = [(e["metadata"].get("uid"), e["api"]["operation"], e["unmapped"]["trailaudit"]["proof"]) for e in events]
    assert told == [(r["record"]["eventID"], r["record"]["eventName"], r["proof"]) for r in records]
    # The sample mapping of OCSF writes Success always.
    failed = {e["api"]["operation"] for e in events if e["status_id"] == 2}
    assert failed == {r["record"]["eventName"] for r in records if "errorCode" in r["record"]}


@pytest.mark.parametrize("name", ["detect", "scan"])
def test_each_key_event_is_a_detection_with_its_techniques(demo, name):
    events = ocsf.events(demo / f"{name}.ocsf")
    audit = json.loads((demo / f"{name}.json").read_text())
    fails = [f for f in audit["findings"] if f["status"] == "fail" and f["check"].startswith("event-")]
    detected = [event for event in events if event["class_uid"] == ocsf.DETECTION]
    assert sorted(e["finding_info"]["uid"] for e in detected) == sorted(f["fingerprint"] for f in fails)
    assert len(detected) > 10
    for event in detected:
        assert event["finding_info"]["attacks"] and event["is_alert"] is True
    summary = audit["summary"]
    totals = ocsf.totals(demo / f"{name}.ocsf")
    assert totals == {key: summary[key] for key in totals}


def test_a_waived_key_event_is_suppressed(demo, tmp_path):
    waiver = '[[waiver]]\ncheck = "event-trail-logging-stopped"\nsubject = "*"\nreason = "announced"\n'
    (tmp_path / "waivers.toml").write_text(waiver + 'approver = "security@example.com"\nexpires = 2027-06-01\n')
    tool.run(tmp_path, "events", "detect", "--demo", "--waivers", "waivers.toml", "-f", "ocsf=a.ocsf").ended(1)
    assert ocsf.problems(tmp_path / "a.ocsf") == []
    waived = [it for it in ocsf.events(tmp_path / "a.ocsf") if it["unmapped"].get("waived")]
    assert {(it["metadata"]["event_code"], it["status_id"]) for it in waived} == {("event-trail-logging-stopped", 3)}


def test_published_records(tmp_path):
    records = published()
    events = search(tmp_path, *records)
    assert ocsf.problems(tmp_path / "a.ocsf") == []
    assert len(events) == len(records)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_records(tmp_path, kind):
    """What no class allows is no event of ours: nothing is lost, and nothing acts."""
    records = hostile(kind)
    events = search(tmp_path, *records)
    assert len(events) == len(records)
    assert ocsf.problems(tmp_path / "a.ocsf") == []
    assert raw(tmp_path / "a.ocsf") == []
    tool.run(tmp_path, "events", "detect", "log.json", "-f", "ocsf=b.ocsf").ended(3)
    assert ocsf.problems(tmp_path / "b.ocsf") == []
    assert raw(tmp_path / "b.ocsf") == []
