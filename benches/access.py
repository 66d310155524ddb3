"""Who can stop the trail, in an account of 1,000 roles with 5 policies each: trailaudit against cloudsplaining.

    python3 -m venv target/bench && target/bench/bin/pip install cloudsplaining
    cargo build --release --no-default-features
    target/bench/bin/python benches/access.py target/release/trailaudit

The account is made here, with a known truth: principals who really can, each by another way of writing it, and decoys
whom a boundary, a Deny elsewhere or a resource of another account keeps from it. Both tools read the same documents.
Unequal results void a figure: what each misses and accuses stands in the same table. `--accounts N` adds a run over an
organization of N accounts with 100 roles each.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ACCOUNT, REGION = "111122223333", "eu-west-1"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
TAKEN = "2026-03-01T12:00:00Z"
# Enough that authorization details are as large as a real account's.
FILLER = ["ec2", "dynamodb", "lambda", "sqs", "glue", "ecs", "rds", "athena", "states", "ssm"]


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*"):
    return {"Effect": "Deny", "Action": action, "Resource": resource}


# Each way of holding the right, and each way of not holding it in spite of what one document says.
CAPABLE = [
    lambda: [policy(allow("cloudtrail:*"))],
    lambda: [policy(allow("cloudtrail:StopLogging"))],
    lambda: [policy(allow("CLOUDTRAIL:StopLogging"))],
    lambda: [policy(allow("cloudtrail:Stop?ogging"))],
    lambda: [policy(allow("c*:St*"))],
    lambda: [policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})],
    lambda: [policy(allow("*"))],
    lambda: [policy(allow("cloudtrail:Stop*", TRAIL))],
    lambda: [policy(allow("cloudtrail:*", f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"))],
    lambda: [policy(allow("cloudtrail:*")), policy(deny("cloudtrail:DeleteTrail"))],
]
DECOYS = [
    lambda: ([policy(allow("cloudtrail:*")), policy(deny("cloudtrail:Stop*"))], False),
    lambda: ([policy(allow("*")), policy(deny("cloudtrail:*"))], False),
    lambda: ([policy(allow("cloudtrail:*"))], True),
    lambda: ([policy(allow("*"))], True),
    lambda: ([policy(allow("cloudtrail:*", "arn:aws:cloudtrail:*:999999999999:trail/*"))], False),
    lambda: ([policy(allow("cloudtrail:StopLogging", f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/other"))], False),
]


def filler(rng, n):
    """A policy of an ordinary workload: many actions on many named resources, none of them of the record."""
    service = rng.choice(FILLER)
    actions = [f"{service}:{verb}Thing{rng.randrange(400)}" for verb in ("Get", "List", "Run", "Put") for _ in range(10)]
    resources = [f"arn:aws:{service}:{REGION}:{ACCOUNT}:thing/{n}-{i}-{'x' * 30}" for i in range(16)]
    return policy(allow(actions, resources), allow([f"{service}:Describe*"]))


def account(rng, roles, users, planted):
    """Principals with their documents; who really can; and who only seems to."""
    people, capable, decoys = [], set(), set()
    for number in range(roles + users):
        kind = "role" if number < roles else "user"
        person = {"kind": kind, "name": f"{kind}-{number}", "documents": [], "boundary": False, "group": None}
        person["documents"] = [filler(rng, f"{number}-{i}") for i in range(5)]
        people.append(person)
    chosen = rng.sample(range(len(people)), planted[0] + planted[1])
    for at, index in enumerate(chosen):
        person = people[index]
        arn = f"arn:aws:iam::{ACCOUNT}:{person['kind']}/{person['name']}"
        if at < planted[0]:
            grants = CAPABLE[at % len(CAPABLE)]()
            if person["kind"] == "user" and at % 2:
                person["group"] = grants  # the right comes by a group
                grants = []
            capable.add(arn)
        else:
            grants, person["boundary"] = DECOYS[at % len(DECOYS)]()
            decoys.add(arn)
        person["documents"][: len(grants)] = grants
    return people, capable, decoys


def trust():
    return policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})


BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
LIMIT = policy(allow(["ec2:*", "s3:List*"]))


def details(people):
    """GetAccountAuthorizationDetails, as the command line gives it."""
    out = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    for person in people:
        arn = f"arn:aws:iam::{ACCOUNT}:{person['kind']}/{person['name']}"
        inline = [{"PolicyName": f"p{i}", "PolicyDocument": d} for i, d in enumerate(person["documents"])]
        common = {"Path": "/", "Arn": arn, "CreateDate": TAKEN, "AttachedManagedPolicies": [], "Tags": []}
        if person["boundary"]:
            boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": BOUNDARY}
            common["PermissionsBoundary"] = boundary
        name = person["name"]
        if person["kind"] == "role":
            out["RoleDetailList"].append(
                {**common, "RoleName": name, "RoleId": f"AROA{name}", "RolePolicyList": inline,
                 "AssumeRolePolicyDocument": trust(), "InstanceProfileList": []}
            )
            continue
        groups = []
        if person["group"]:
            group = f"group-of-{name}"
            documents = [{"PolicyName": f"g{i}", "PolicyDocument": d} for i, d in enumerate(person["group"])]
            out["GroupDetailList"].append(
                {"Path": "/", "GroupName": group, "GroupId": f"AGPA{name}", "CreateDate": TAKEN,
                 "Arn": f"arn:aws:iam::{ACCOUNT}:group/{group}", "GroupPolicyList": documents,
                 "AttachedManagedPolicies": []}
            )
            groups = [group]
        out["UserDetailList"].append(
            {**common, "UserName": name, "UserId": f"AIDA{name}", "UserPolicyList": inline, "GroupList": groups}
        )
    version = {"Document": LIMIT, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": TAKEN}
    out["Policies"].append(
        {"PolicyName": "boundary", "PolicyId": "ANPABOUNDARY", "Arn": BOUNDARY, "Path": "/", "DefaultVersionId": "v1",
         "AttachmentCount": 0, "PermissionsBoundaryUsageCount": 1, "IsAttachable": True, "CreateDate": TAKEN,
         "UpdateDate": TAKEN, "PolicyVersionList": [version]}
    )
    return out


def iam_record(gaad, number=ACCOUNT):
    """The same in trailaudit's inventory."""
    def text(document):
        return json.dumps(document, separators=(",", ":"))

    def inline(entries):
        return [{"name": e["PolicyName"], "document": text(e["PolicyDocument"])} for e in entries]

    def boundary(it):
        return it.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    users = [
        {"arn": u["Arn"], "name": u["UserName"], "id": u["UserId"], "groups": u["GroupList"], "attached": [],
         "inline": inline(u["UserPolicyList"]), "boundary": boundary(u), "tags": {}}
        for u in gaad["UserDetailList"]
    ]
    groups = [
        {"arn": g["Arn"], "name": g["GroupName"], "inline": inline(g["GroupPolicyList"]), "attached": []}
        for g in gaad["GroupDetailList"]
    ]
    roles = [
        {"arn": r["Arn"], "name": r["RoleName"], "id": r["RoleId"], "trust": text(r["AssumeRolePolicyDocument"]),
         "inline": inline(r["RolePolicyList"]), "attached": [], "boundary": boundary(r), "tags": {},
         "instance_profiles": []}
        for r in gaad["RoleDetailList"]
    ]
    policies = [
        {"arn": p["Arn"], "name": p["PolicyName"], "version": "v1", "document": text(p["PolicyVersionList"][0]["Document"])}
        for p in gaad["Policies"]
    ]
    known = {"users": users, "groups": groups, "roles": roles, "policies": policies}
    record = json.dumps({"record": "iam", "value": {"account": number, "details": {"known": known}}}, separators=(",", ":"))
    return record.replace(ACCOUNT, number)


def unknown(call):
    gap = {"call": call, "account": ACCOUNT, "region": REGION, "reason": "not_asked"}
    return {"unknown": gap}


def trail_lines(number):
    """An account with one region and one trail of its own."""
    arn = TRAIL.replace(ACCOUNT, number)
    session = f"arn:aws:sts::{number}:assumed-role/auditor/run"
    region = {
        "account": number, "region": REGION, "trails": {"known": [arn]}, "event_data_stores": {"known": []},
        "channels": {"known": []}, "alarms": {"known": []}, "rules": {"known": []},
        "log_resource_policies": {"known": []}, "config_recorder": {"known": None}, "guardduty": {"known": False},
        "security_hub": {"known": False}, "macie": {"known": False}, "access_analyzers": {"known": []},
        "tampering": {"known": {"since": "2025-01-01T00:00:00Z", "events": []}},
    }
    trail = {
        "arn": arn, "name": "main", "account": number, "home_region": REGION,
        "configuration": {"known": {
            "bucket": f"logs-{number}", "prefix": None, "sns_topic": None, "include_global_service_events": True,
            "multi_region": True, "organization": False, "log_file_validation": True, "log_group": None,
            "log_group_role": None, "kms_key": None}},
        "status": unknown("cloudtrail:GetTrailStatus"), "selectors": unknown("cloudtrail:GetEventSelectors"),
        "insights": unknown("cloudtrail:GetInsightSelectors"), "tags": {"known": {}},
    }
    return [
        {"record": "account", "value": {
            "id": number, "name": None, "state": {"known": "ACTIVE"}, "parent": {"known": None}, "management": False,
            "excluded": False, "session": {"known": session},
            "regions": {"known": [{"name": REGION, "enabled": True}]}, "regions_assumed": False,
            "public_access_block": {"known": None}, "summary": {"known": {}}}},
        {"record": "region", "value": region},
        {"record": "trail", "value": trail},
    ]


def inventory(path, records):
    """`records`: accounts, and what gives the iam line of each."""
    numbers = list(records)
    header = {"record": "header", "value": {
        "schema": 1, "tool": {"name": "trailaudit", "version": "0"}, "taken_at": TAKEN, "scope": {
            "organization": None, "management_account": None, "partition": "aws",
            "caller_arn": f"arn:aws:sts::{numbers[0]}:assumed-role/auditor/run", "accounts": numbers,
            "regions": [REGION]}}}
    with open(path, "w") as out:
        for line in (header, {"record": "organization", "value": {"known": None}}):
            out.write(json.dumps(line) + "\n")
        for number in numbers:
            for line in trail_lines(number):
                out.write(json.dumps(line, separators=(",", ":")) + "\n")
        for number, line in records.items():
            out.write(line(number) + "\n")


# Runs a command from a small process: the peak of a child counts what its parent held when it was made.
RUNNER = """
import json, os, resource, subprocess, sys, time
began = time.monotonic()
with open(sys.argv[1], "wb") as out:
    code = subprocess.call(sys.argv[2:], stdout=out)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def measured(command, good=(0,)):
    """Wall and CPU seconds, peak MiB, and what was printed."""
    with tempfile.NamedTemporaryFile() as out:
        ran = subprocess.run([sys.executable, "-c", RUNNER, out.name, *command], capture_output=True, text=True)
        code, wall, cpu, peak = json.loads(ran.stdout)
        if code not in good:
            sys.exit(f"{command[0]} failed: {ran.stderr[-2000:]}")
        return wall, cpu, peak, out.read()


def names_the_right(told):
    findings = {name: it["findings"] for name, it in told.items() if isinstance(it, dict) and "findings" in it}
    services = findings.pop("ServiceWildcard", [])
    return "cloudtrail:stoplogging" in json.dumps(findings).lower() or bool({"cloudtrail", "*"} & set(services))


def cloudsplaining(folder, gaad):
    """Principals that one of their policies shows with StopLogging."""
    program = Path(sys.executable).parent / "cloudsplaining"
    source = folder / "gaad.json"
    source.write_text(json.dumps(gaad))
    command = [program, "scan", "--input-file", source, "--output", folder, "--skip-open-report"]
    wall, cpu, peak, _ = measured([str(part) for part in command])
    results = json.loads(next(folder.glob("iam-results-*.json")).read_text())
    kinds = ("inline_policies", "customer_managed_policies", "aws_managed_policies")
    # Whatever it says of a policy counts for it: the action in any of its findings, or the whole service.
    hit = {key for kind in kinds for key, it in results[kind].items() if names_the_right(it)}

    def policies(holder):
        return set().union(*(holder[kind] for kind in kinds))

    found = set()
    for it in [*results["roles"].values(), *results["users"].values()]:
        held = policies(it).union(*(policies(group) for group in it.get("groups", {}).values()))
        if held & hit:
            found.add(it["arn"])
    return wall, cpu, peak, found


def ours(binary, path, *rows):
    wall, cpu, peak, out = measured([binary, "access", "--inventory", str(path), "-f", "json", *rows])
    rows = json.loads(out)["holders"]
    direct = {
        r["principal"]["id"] for r in rows
        if r["direct"] and r["action"] == "cloudtrail:StopLogging" and r["principal"]["kind"] != "root"
    }
    return wall, cpu, peak, direct


def line(name, figures, capable, decoys):
    wall, cpu, peak, found = figures
    right, accused = len(found & capable), len(found & decoys)
    print(f"{name:16} {wall:7.2f} s {cpu:7.2f} s {peak:7.0f} MiB   {right:2}/{len(capable)} found"
          f"   {accused:2}/{len(decoys)} decoys accused   {len(found - capable - decoys)} others accused")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--roles", type=int, default=1000)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--accounts", type=int, default=0)
    parser.add_argument("--no-peer", action="store_true", help="without cloudsplaining")
    parser.add_argument("--seed", type=int, default=4)
    given = parser.parse_args()
    people, capable, decoys = account(random.Random(given.seed), given.roles, given.users, (20, 24))
    gaad = details(people)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        path = folder / "inventory.jsonl"
        inventory(path, {ACCOUNT: lambda number: iam_record(gaad, number)})
        print(f"{given.roles} roles with 5 policies, {given.users} users, {path.stat().st_size / 1e6:.1f} MB\n")
        print(f"{'':16} {'wall':>9} {'CPU':>9} {'peak':>11}")
        question = [given.binary, "access", "simulate", "--inventory", str(path), "--principal", min(capable),
                    "--action", "cloudtrail:StopLogging", "--resource", TRAIL]
        wall, cpu, peak, _ = measured(question)
        print(f"{'(reading alone)':16} {wall:7.2f} s {cpu:7.2f} s {peak:7.0f} MiB")
        line("trailaudit", ours(given.binary, path), capable, decoys)
        if given.no_peer:
            print("cloudsplaining was not asked for")
        elif (Path(sys.executable).parent / "cloudsplaining").exists():
            line("cloudsplaining", cloudsplaining(folder, gaad), capable, decoys)
        else:
            print("cloudsplaining is not installed beside this Python: see the top of this file")
        if given.accounts:
            many(given, folder)


def many(given, folder):
    """An organization's worth of accounts, one after the other."""
    people, capable, _ = account(random.Random(given.seed), 100, 5, (4, 4))
    gaad = details(people)
    text = iam_record(gaad)
    records = {str(10**11 + n): lambda number: text.replace(ACCOUNT, number) for n in range(given.accounts)}
    path = folder / "many.jsonl"
    inventory(path, records)
    # All is analysed; only the rows of one action are told: a listing of every row of a thousand accounts is large.
    wall, cpu, peak, found = ours(given.binary, path, "--action", "cloudtrail:StopLogging")
    right = "right" if len(found) == given.accounts * len(capable) else f"WRONG: {len(found)} found"
    print(f"\n{given.accounts} accounts of 100 roles, {path.stat().st_size / 1e6:.0f} MB: {wall:.1f} s wall, "
          f"{cpu:.1f} s CPU, {peak:.0f} MiB, {right}")


if __name__ == "__main__":
    main()
