"""Remediation commands: complete, as the models of botocore and the AWS CLI's own commands have them."""

import re
import shlex
from functools import cache

from awscli.clidriver import create_clidriver
from awscli.customizations.commands import BasicCommand

# One endpoint in a partition, or buckets that are found from every region: no --region needed.
GLOBAL = {"account", "iam", "organizations", "s3", "s3api", "s3control", "sts"}
# Where an operation without its service would come from.
SERVICES = ("cloudtrail", "s3api", "kms", "logs", "organizations", "iam", "sns", "cloudwatch")
SPAN = re.compile(r"`([^`]*)`")
# What a wrapped source line leaves in a word.
BROKEN = re.compile(r"[a-z]- [a-z]")


def spans(text: str) -> list[str]:
    """The code in a text."""
    return SPAN.findall(text)


def commands(text: str) -> list[str]:
    return [span for span in spans(text) if span.split(" ")[0] == "aws"]


def problems_of(text: str) -> list[str]:
    """What keeps the code of a text from running."""
    found = [f"backticks do not pair: {text}"] if text.count("`") % 2 else []
    for span in spans(text):
        words = span.split()
        if BROKEN.search(span):
            found.append(f"a broken word: {span}")
        elif words[:1] == ["aws"]:
            found.extend(f"{problem}: {span}" for problem in problems(span))
        elif words and any(words[0] in operations(service) for service in SERVICES):
            found.append(f"half a command: {span}")
    return found


def problems(command: str) -> list[str]:
    """What the AWS CLI would refuse in a command, or ask for."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return [str(error)]
    if len(words) < 3:
        return ["no service and operation"]
    _, service, operation, *arguments = words
    if service not in services():
        return [f"no service {service}"]
    if operation not in operations(service):
        return [f"no operation {operation} of {service}"]
    table = operations(service)[operation].arg_table
    given, values, stray = split(arguments)
    found = [f"no parameter {flag}" for flag in given if not is_flag(flag, table)]
    found.extend(f"{flag} has no value" for flag in given if needs_value(flag, table) and not values[flag])
    if not any(it.positional_arg for it in table.values()):
        found.extend(f"an argument without a parameter: {word}" for word in stray)
    for name, it in table.items():
        if it.positional_arg and not stray:
            found.append(f"{name} is required")
        # `--cli-input-json` gives any parameter.
        elif it.required and not it.positional_arg and not {f"--{name}", f"--no-{name}", "--cli-input-json"} & set(given):
            found.append(f"--{name} is required")
    if service not in GLOBAL and "--region" not in given:
        found.append("--region is required")
    return found


def split(arguments: list[str]) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """The parameters; their values; what stands before the first of them."""
    given, values, stray = [], {}, []
    for word in arguments:
        if word.startswith("--"):
            given.append(word)
            values[word] = []
        elif given:
            values[given[-1]].append(word)
        else:
            stray.append(word)
    return given, values, stray


def argument(flag: str, table):
    """Of the operation, or of every command. Booleans have both names in the table: `--x` and `--no-x`."""
    name = flag.removeprefix("--")
    return table.get(name) or of_every_command().get(name)


def is_flag(flag: str, table) -> bool:
    return argument(flag, table) is not None


def needs_value(flag: str, table) -> bool:
    known = argument(flag, table)
    return known is not None and known.cli_type_name != "boolean"


@cache
def driver():
    return create_clidriver()


@cache
def of_every_command():
    return driver()._get_argument_table()


@cache
def services():
    return driver()._get_command_table()


@cache
def operations(service: str):
    """By name: those of the API and those that the AWS CLI adds, as in `aws s3 sync`."""
    command = services()[service]
    if isinstance(command, BasicCommand):
        return command.subcommand_table
    return command._get_command_table()
