"""How the work of a scan grows with an organization, for organizations of many shapes.

    cargo build --release --no-default-features
    python3 benches/shapes.py target/release/trailaudit [OTHER] [--only NAME ..] [--thousand]

Each shape is made here at a size, twice and four times that, and scanned whole. Printed are CPU seconds, peak memory
and the number of findings; `growth` is the CPU of the last size by that of the one before it, less what an inventory
without the shape takes. With a second binary both are measured in the same run, in turns, and the verdicts that differ
are counted. `--thousand` adds an organization of a thousand accounts with a hundred roles each. `--verdicts FILE` writes
what the binary says of a small organization of each shape, as `tests/data/shapes.json` keeps it.
"""

import argparse
import json
import tempfile
from pathlib import Path

import access
from access import REGION, TAKEN, allow, measured, policy, unknown

ORGANIZATION = "o-a1b2c3d4e5"
MANAGEMENT = "100000000000"
REGIONS = [REGION, *(
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 "
    "eu-north-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2").split()]
FULL = policy(allow("*"))


def text(document):
    return json.dumps(document, separators=(",", ":"))


def deny(action, resource="*", **more):
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def arn(account, rest):
    return f"arn:aws:iam::{account}:{rest}"


def trusts(principal, action="sts:AssumeRole", **more):
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def inline(documents):
    return [{"name": f"p{n}", "document": text(it)} for n, it in enumerate(documents)]


def role(account, name, documents=(), trust=None, attached=(), tags=None):
    trust = trust or trusts({"Service": "ec2.amazonaws.com"})
    return {"arn": arn(account, f"role/{name}"), "name": name, "id": f"AROA{name.upper()}", "trust": text(trust),
            "inline": inline(documents), "attached": list(attached), "boundary": None, "tags": tags or {},
            "instance_profiles": []}


def user(account, name, documents=(), groups=()):
    return {"arn": arn(account, f"user/{name}"), "name": name, "id": f"AIDA{name.upper()}", "groups": list(groups),
            "inline": inline(documents), "attached": [], "boundary": None, "tags": {}}


def group(account, name, documents):
    return {"arn": arn(account, f"group/{name}"), "name": name, "inline": inline(documents), "attached": []}


def managed(account, name, document):
    return {"arn": arn(account, f"policy/{name}"), "name": name, "version": "v1", "document": text(document)}


class Inventory:
    """The records of an organization, a principal or two of each account among them."""

    def __init__(self, accounts=5):
        self.members = [str(200_000_000_000 + n) for n in range(accounts)]
        self.numbers = [MANAGEMENT, *self.members]
        self.account = self.members[0]
        self.trails = {number: access.trail_lines(number) for number in self.numbers}
        self.more = []
        self.units = [{"id": "r-ab12", "parent": None}, {"id": "ou-ab12-workload", "parent": "r-ab12"}]
        self.parent = "ou-ab12-workload"
        self.policies = []
        # The account in question is one that is in use: its detectors are on in every region.
        for region in REGIONS[1:]:
            view = json.loads(json.dumps(self.trails[self.account][1]).replace(REGION, region))
            view["value"]["trails"] = {"known": []}
            self.trails[self.account].append(view)
        for it in self.trails[self.account]:
            if it["record"] == "region":
                it["value"] |= {"guardduty": {"known": True}, "security_hub": {"known": True}, "config_recorder": {
                    "known": {"name": "default", "recording": True, "all_supported": True, "resource_types": [],
                              "excluded_types": []}}}
        self.trails[self.account][0]["value"]["regions"] = {
            "known": [{"name": region, "enabled": True} for region in REGIONS]}
        self.more.append(bucket(self.account, f"logs-{self.account}", []))
        self.iam = {}
        self.waivers = ""
        for number in self.numbers:
            who = [policy(allow(["cloudtrail:Describe*", "cloudtrail:Get*", "s3:GetBucket*"]))]
            auditor = role(number, "trailaudit", who, trusts({"AWS": arn(MANAGEMENT, "role/auditor")}))
            self.iam[number] = {"users": [], "groups": [], "roles": [auditor], "policies": []}

    def add(self, kind, records, account=None):
        self.iam[account or self.account][kind] += records

    def organization(self):
        units = [
            {**it, "arn": f"arn:aws:organizations::{MANAGEMENT}:ou/{ORGANIZATION}/{it['id']}", "name": it["id"],
             **({} if it["parent"] else {"policy_types": ["SERVICE_CONTROL_POLICY"]})}
            for it in self.units
        ]
        everywhere = [it["id"] for it in self.units] + self.numbers
        policies = [("p-FullAWSAccess", FULL, everywhere), *self.policies]
        policies = [
            {"id": id, "arn": f"arn:aws:organizations::{MANAGEMENT}:policy/{ORGANIZATION}/service_control_policy/{id}",
             "name": id, "kind": "service_control_policy", "aws_managed": id == "p-FullAWSAccess",
             "document": {"known": text(document)}, "targets": {"known": targets}}
            for id, document, targets in policies
        ]
        return {"known": {
            "id": ORGANIZATION, "arn": f"arn:aws:organizations::{MANAGEMENT}:organization/{ORGANIZATION}",
            "management_account": MANAGEMENT, "feature_set": "ALL", "accounts": {"known": self.numbers},
            "units": {"known": units}, "policies": {"known": policies}, "delegated_administrators": {"known": []},
            "resource_policy": {"known": None}, "trusted_services": {"known": ["cloudtrail.amazonaws.com"]}}}

    def write(self, path):
        header = {
            "schema": 1, "tool": {"name": "trailaudit", "version": "0"}, "taken_at": TAKEN,
            "scope": {"organization": ORGANIZATION, "management_account": MANAGEMENT, "partition": "aws",
                      "caller_arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/auditor/run", "accounts": self.numbers,
                      "regions": REGIONS}}
        with open(path, "w") as out:
            def line(record, value):
                out.write(json.dumps({"record": record, "value": value}, separators=(",", ":")) + "\n")
            line("header", header)
            line("organization", self.organization())
            for number in self.numbers:
                for it in self.trails[number]:
                    value = dict(it["value"])
                    if it["record"] == "account":
                        value["parent"] = {"known": "r-ab12" if number == MANAGEMENT else self.parent}
                        value["management"] = number == MANAGEMENT
                    line(it["record"], value)
            for record, value in self.more:
                line(record, value)
            for number in self.numbers:
                line("iam", {"account": number, "details": {"known": self.iam[number]}})


def bucket(number, name, statements):
    document = policy(
        {"Sid": "Check", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
         "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{name}"},
        {"Sid": "Write", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
         "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/AWSLogs/{number}/*",
         "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}},
        *statements)
    return "bucket", {
        "arn": f"arn:aws:s3:::{name}", "name": name, "exists": {"known": True}, "owner": {"known": number},
        "region": {"known": REGION}, "acl": {"known": []}, "ownership": {"known": "BucketOwnerEnforced"},
        "public_access_block": {"known": None}, "policy": {"known": text(document)},
        "policy_is_public": {"known": False}, "versioning": {"known": {"enabled": True, "mfa_delete": False}},
        "object_lock": {"known": False}, "default_retention": {"known": None},
        "encryption": {"known": {"algorithm": "AES256", "kms_key": None, "bucket_key": False}},
        "access_logging": unknown("s3:GetBucketLogging"), "lifecycle": {"known": None},
        "replication": {"known": None}, "notifications": {"known": {"event_bridge": False, "targets": []}},
        "website": {"known": False}, "access_points": {"known": []}, "tags": {"known": {}},
        "prefixes": {"known": ["AWSLogs/"]}}


def self_service(n, one="${aws:username}"):
    """Users who manage their own credentials, as AWS's guide prints it."""
    it = Inventory()
    own = policy(
        allow(["iam:ChangePassword", "iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:CreateLoginProfile",
               "iam:EnableMFADevice"], f"arn:aws:iam::*:user/{one}"),
        {"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
         "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}})
    it.add("groups", [group(it.account, "self", [own])])
    it.add("users", [user(it.account, f"u{k}", groups=["self"]) for k in range(n)])
    return it


def provider(account, k):
    issuer = "token.actions.githubusercontent.com"
    return trusts({"Federated": arn(account, f"oidc-provider/{issuer}")}, "sts:AssumeRoleWithWebIdentity", Condition={
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com"}, "StringLike": {f"{issuer}:sub": f"repo:x/y{k % 9}:*"}})


def deploy(n, actions=None):
    """Deploy roles of a pipeline, each free within its own prefix."""
    it = Inventory()
    actions = actions or ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole",
                          "iam:UpdateAssumeRolePolicy"]
    for k in range(n):
        own = policy(allow(actions, arn(it.account, f"role/app-{k}-*")), allow(["lambda:*", "ecs:*"]))
        it.add("roles", [role(it.account, f"app-{k}-x", [own], provider(it.account, k), tags={"team": f"t{k % 7}"})])
    return it


SERVICES = "s3 lambda dynamodb sns sqs ec2 ecs kms".split()


def kit(account, k):
    """The statements of an ordinary workload."""
    one, two = SERVICES[k % len(SERVICES)], SERVICES[k * 3 % len(SERVICES)]
    return [
        allow([f"{one}:Get*", f"{one}:List*", f"{one}:Describe*"]),
        allow([f"{two}:*"], f"arn:aws:{two}:*:{account}:*app-{k}*",
              Condition={"StringLike": {"aws:ResourceTag/env": ["dev*", "test*"]}}),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"arn:aws:s3:::app-{k}/*", f"arn:aws:s3:::app-{k}"],
              Condition={"StringEquals": {"aws:PrincipalTag/team": f"t{k % 7}"}, "Bool": {"aws:SecureTransport": "true"}}),
        allow("iam:PassRole", arn(account, f"role/app-{k}-*"),
              Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
        {"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", REGION]}}},
        allow(["kms:Decrypt", "kms:GenerateDataKey*"],
              Condition={"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"},
                         "IpAddress": {"aws:SourceIp": [f"10.{k % 200}.0.0/16"]}}),
        {"Effect": "Deny", "Action": ["cloudtrail:*", "s3:DeleteBucket*", "s3:PutBucketPolicy"],
         "NotResource": f"arn:aws:s3:::app-{k}-*",
         "Condition": {"ArnNotLike": {"aws:PrincipalArn": arn(account, "role/admin-*")}}},
        allow("sts:AssumeRole", f"arn:aws:iam::*:role/cross-{k}-*"),
        allow(["cloudtrail:LookupEvents", "cloudtrail:UpdateTrail"], f"arn:aws:cloudtrail:*:{account}:trail/app-{k}"),
        allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], f"arn:aws:logs:*:{account}:log-group:/app/{k}/*"),
    ]


def mixed(account, k, policies):
    statements = kit(account, k)
    documents = [policy(statements[n % 10], statements[(n * 3 + k) % 10]) for n in range(policies)]
    service = ["lambda", "ec2", "ecs-tasks", "states"][k % 4]
    trust = trusts({"Service": f"{service}.amazonaws.com"})
    return role(account, f"app-{k}-x", documents, trust, tags={"team": f"t{k % 7}"})


def roles(n):
    """Roles of ordinary workloads, ten inline policies each."""
    it = Inventory()
    it.add("roles", [mixed(it.account, k, 10) for k in range(n)])
    return it


def managed_policies(n):
    """Roles with ten of a library of managed policies each."""
    it = Inventory()
    library = [managed(it.account, f"lib-{k}", policy(kit(it.account, k)[k % 10], kit(it.account, k)[k // 10 % 10]))
               for k in range(n * 5 // 4)]
    it.add("policies", library)
    for k in range(n):
        attached = [library[(k * 7 + j * 13) % len(library)]["arn"] for j in range(10)]
        it.add("roles", [role(it.account, f"app-{k}-x", attached=attached)])
    return it


def groups(n, each=1, statements=None):
    """Ten users a group, in one group or several; groups with the rights of teams."""
    it = Inventory()
    for k in range(n):
        own = kit(it.account, k)
        team = [*own[:4], allow(["iam:CreateAccessKey", "iam:UpdateLoginProfile"], arn(it.account, f"user/team-{k}/*")),
                allow("iam:AddUserToGroup", arn(it.account, f"group/g{k}"))]
        it.add("groups", [group(it.account, f"g{k}", [policy(*team)])])
    for k in range(10 * n):
        member = [f"g{(k + j * 17) % n}" for j in range(each)]
        it.add("users", [user(it.account, f"u{k}", groups=member)])
    return it


def scps(n):
    """Accounts below four nested units with twenty-five policies."""
    it = Inventory(n)
    path = ["r-ab12", "ou-ab12-workload"]
    for level in range(4):
        it.units.append({"id": f"ou-ab12-lvl0000{level}", "parent": path[-1]})
        path.append(f"ou-ab12-lvl0000{level}")
    it.parent = path[-1]
    for k in range(25):
        kinds = [
            deny(["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"], Condition={
                "ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::*:role/sec{k}-{j}" for j in range(5)]}}),
            {"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "organizations:*", f"s3:x{k}*"], "Resource": "*",
             "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", REGION]},
                           "ArnNotLike": {"aws:PrincipalARN": f"arn:aws:iam::*:role/x{k}"}}},
            deny("*", Condition={"StringEquals": {f"aws:PrincipalTag/q{k}": "1"}}),
            deny(["s3:Put*", "s3:Delete*"], f"arn:aws:s3:::*-audit-{k}*"),
            deny("iam:*", f"arn:aws:iam::*:role/prot{k}-*",
                 Condition={"StringNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/adm{k}"}}),
        ]
        chosen = [kinds[(k + j) % 5] for j in range(4)]
        it.policies.append((f"p-{k:08}", policy(*chosen), [path[k % len(path)]]))
    return it


def trail_and_bucket(n):
    """A trail and a bucket of its own in each account."""
    it = Inventory(n)
    for number in it.numbers:
        if number != it.account:
            it.more.append(bucket(number, f"logs-{number}", []))
    return it


def administrators(n):
    """Administrators whom whoever may assume roles can become."""
    it = Inventory()
    root = trusts({"AWS": arn(it.account, "root")})
    it.add("roles", [role(it.account, f"admin-{k}", [FULL], root) for k in range(n)])
    return it


def cross(n):
    """Roles that trust the account and may assume roles by a prefix of their own."""
    it = Inventory()
    root = trusts({"AWS": arn(it.account, "root")})
    for k in range(n):
        own = policy(allow("sts:AssumeRole", f"arn:aws:iam::*:role/cross-{k}-*"))
        it.add("roles", [role(it.account, f"cross-{k}-x", [own], root)])
    return it


def principals(n):
    """Trust policies of a hundred principals each."""
    it = Inventory()
    for k in range(n):
        named = [arn(it.account, f"role/app-{(k + j * 7) % n}-x") for j in range(100)]
        own = policy(allow("sts:AssumeRole"), allow("logs:DeleteLogGroup", f"arn:aws:logs:*:*:log-group:app-{k}"))
        it.add("roles", [role(it.account, f"app-{k}-x", [own], trusts({"AWS": named}))])
    return it


def denies(n):
    """A bucket policy of many Denies with wildcards within their resources."""
    it = Inventory()
    name = f"logs-{it.account}"
    each = [
        {"Effect": "Deny", "Principal": "*", "Action": ["s3:PutObject*", "s3:DeleteObject*"],
         "Resource": f"arn:aws:s3:::{name}/*p{k}*",
         "Condition": {"StringNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::2000*:role/a{k}*"]}}}
        for k in range(n)
    ]
    it.more = [bucket(it.account, name, each)]
    it.add("roles", [role(it.account, "writer", [policy(allow("s3:*"))])])
    return it


def trails(n):
    """Many trails of one account that record alike."""
    it = Inventory()
    lines = it.trails[it.account]
    first = lines[2]["value"]
    arns = [first["arn"]]
    for k in range(n):
        copy = first["arn"].replace("trail/main", f"trail/tr-{k:04}")
        arns.append(copy)
        selectors = {"known": {"classic": [{
            "read_write": "WriteOnly", "management": True, "excluded_sources": ["kms.amazonaws.com"],
            "data": [{"kind": "AWS::S3::Object", "values": ["arn:aws:s3:::payments-exports/"]}]}]}}
        lines.append({"record": "trail", "value": {**first, "arn": copy, "name": f"tr-{k:04}", "selectors": selectors}})
    lines[1]["value"]["trails"] = {"known": arns}
    return it


def waivers(n):
    """Ten findings a waiver."""
    it = trails(n // 12)
    it.waivers = "".join(
        f'[[waiver]]\ncheck = "trail-*"\nsubject = "arn:aws:cloudtrail:*:trail/tr-{k:04}"\nreason = "r"\n'
        f'approver = "a"\nexpires = "2026-12-31"\n' for k in range(n))
    return it


SHAPES = {
    "users with self-service": (self_service, 500),
    "deploy roles by prefix": (deploy, 200),
    "deploy roles, iam:*": (lambda n: deploy(n, ["iam:*"]), 200),
    "mixed roles, 10 policies": (roles, 250),
    "roles, 10 of a library": (managed_policies, 100),
    "groups, 10 users each": (groups, 50),
    "groups, 10 of each user": (lambda n: groups(n, 10), 50),
    "accounts under 25 SCPs": (scps, 50),
    "a trail and a bucket each": (trail_and_bucket, 40),
    "administrators, root trust": (administrators, 250),
    "roles, own cross prefix": (cross, 250),
    "trust of 100 principals": (principals, 150),
    "Denies of one bucket": (denies, 20),
    "trails of one account": (trails, 100),
    "waivers": (waivers, 1250),
}


# Sizes that a slow evaluator still manages; the tests compare what is said of them.
SMALL = {
    "users with self-service": 8, "deploy roles by prefix": 8, "deploy roles, iam:*": 8, "mixed roles, 10 policies": 12,
    "roles, 10 of a library": 12, "groups, 10 users each": 4, "groups, 10 of each user": 12,
    "accounts under 25 SCPs": 3, "a trail and a bucket each": 3, "administrators, root trust": 5,
    "roles, own cross prefix": 8, "trust of 100 principals": 8, "Denies of one bucket": 6, "trails of one account": 6,
    "waivers": 40,
}
# Who can tamper; this one asks another question since.
ELSEWHERE = "access-cloudwatch-delivery-role"


def verdicts(binary):
    """What a binary says of who can tamper in a small organization of each shape, by check and subject."""
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, _) in SHAPES.items():
            found = scanned(binary, Path(folder), make(SMALL[name]))[2]
            own = {}
            for (check, subject), (status, severity) in sorted(found.items()):
                if check.startswith("access-") and check != ELSEWHERE:
                    own.setdefault(check, {}).setdefault(f"{status} {severity}", []).append(subject)
            told[name] = own
    return told


def scanned(binary, folder, it):
    source, settings = folder / "inventory.jsonl", folder / "settings.toml"
    it.write(source)
    settings.write_text(f'waivers = "{folder}/waivers.toml"\n' if it.waivers else "")
    (folder / "waivers.toml").write_text(it.waivers)
    return run(binary, source, settings)


def run(binary, source, settings):
    command = [binary, "scan", "--inventory", str(source), "-c", str(settings), "-f", "json"]
    _, cpu, peak, out = measured(command, good=(0, 1, 3))
    findings = {
        (it["check"], it["subject"]["id"]): (it["status"], it["severity"])
        for it in json.loads(out)["findings"]
    }
    return cpu, peak, findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("other", nargs="?")
    parser.add_argument("--only", nargs="*", help="shapes whose names hold one of these")
    parser.add_argument("--part", type=int, default=1, help="sizes divided by this")
    parser.add_argument("--keep", help="a folder for the inventories")
    parser.add_argument("--thousand", action="store_true")
    parser.add_argument("--verdicts", help="a file for what is said of small organizations; nothing is measured")
    given = parser.parse_args()
    if given.verdicts:
        lines = (f"{json.dumps(name)}: {json.dumps(it, sort_keys=True)}" for name, it in verdicts(given.binary).items())
        Path(given.verdicts).write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return
    binaries = [given.binary, *([given.other] if given.other else [])]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary)
        floor = {it: scanned(it, folder, Inventory())[0] for it in binaries}
        sides = " | CPU s | MiB | growth" * len(binaries)
        print(f"| shape | sizes{sides} | findings | differ |")
        print("| --- | ---" + " | ---" * (3 * len(binaries) + 2) + " |")
        for name, (make, least) in SHAPES.items():
            if given.only and not any(part in name for part in given.only):
                continue
            sizes = [least * by // given.part for by in (1, 2, 4)]
            rows = {it: [] for it in binaries}
            counts, differ = [], 0
            for size in sizes:
                results = {}
                for it in binaries:
                    cpu, peak, results[it] = scanned(it, folder, make(size))
                    rows[it].append((cpu, peak))
                found = [results[it] for it in binaries]
                counts.append(len(found[0]))
                if len(found) == 2:
                    differ += sum(found[0].get(key) != found[1].get(key) for key in {**found[0], **found[1]})
            cells = ""
            for it in binaries:
                cpu = [row[0] for row in rows[it]]
                above = [max(at - floor[it], 0.005) for at in cpu]
                cells += f" | {' / '.join(f'{at:.2f}' for at in cpu)} | {rows[it][-1][1]:.0f} | {above[2] / above[1]:.1f}"
            sizes = " / ".join(map(str, sizes))
            print(f"| {name} | {sizes}{cells} | {' / '.join(map(str, counts))} | {differ} |", flush=True)
        if given.thousand:
            many(binaries, folder)


def many(binaries, folder):
    """A thousand accounts with a hundred mixed roles each, ten SCPs on the path."""
    it = Inventory(1000)
    for k in range(10):
        guard = deny(["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"],
                     Condition={"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/sec{k}"}})
        it.policies.append((f"p-{k:08}", policy(guard, deny(["s3:PutBucket*"], f"arn:aws:s3:::*-audit-{k}*")),
                            [("r-ab12", "ou-ab12-workload")[k % 2]]))
    for number in it.numbers:
        it.add("roles", [mixed(number, k, 3) for k in range(100)], number)
    for binary in binaries:
        cpu, peak, found = scanned(binary, folder, it)
        print(f"\n1,000 accounts of 100 roles, 10 SCPs: {cpu:.1f} s CPU, {peak:.0f} MiB, {len(found)} findings")


if __name__ == "__main__":
    main()
