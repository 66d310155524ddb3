"""The scripts of deploy/slurm on a real Slurm: one node, an array of shards, and the merge after it."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from harness import tool

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")

pytestmark = pytest.mark.skipif(
    not all(shutil.which(it, path=f"{os.environ['PATH']}:/usr/sbin") for it in PROGRAMS),
    reason="Slurm is not installed (apt-get install slurm-wlm munge)",
)

CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={controller}
SlurmdPort={node}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,requeue_delay=1
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def slurm(tmp_path):
    """A cluster of this machine alone; the variables with which its commands find it."""
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    host = socket.gethostname().split(".")[0]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    ports = {"controller": free_port(), "node": free_port()}
    (folder / "slurm.conf").write_text(CONFIGURATION.format(host=host, user=user, folder=folder, **ports))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    variables = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin", "SLURM_CONF": str(folder / "slurm.conf")}
    munge = [f"--{what}={folder}/munge.{end}" for what, end in (("socket", "socket"), ("key-file", "key"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]
    started = []

    def start(*command):
        log = (folder / f"{command[0]}.out").open("wb")
        started.append(subprocess.Popen(command, env=variables, stdout=log, stderr=log, cwd=folder))

    try:
        start("munged", "--foreground", "--force", *munge)
        until(lambda: (folder / "munge.socket").exists(), 20, folder)
        start("slurmctld", "-D")
        start("slurmd", "-D", "-N", host)
        state = ["sinfo", "--noheader", "--format=%T"]
        until(lambda: subprocess.run(state, env=variables, capture_output=True, text=True).stdout.strip() == "idle", 60, folder)
        yield variables
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(20)


def until(there, seconds: float, folder: Path) -> None:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            said = "\n".join(f"{it.name}: {it.read_text('utf-8', 'replace')[-800:]}" for it in folder.glob("*.out"))
            raise AssertionError(f"after {seconds} s it is not there\n{said}")
        time.sleep(0.3)


def submit(slurm, emulator, folder: Path, shards: int) -> None:
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "trailaudit").symlink_to(Path(tool.binary()).absolute())
    variables = {**slurm, **tool.credentials(emulator.url), "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(folder)}
    variables |= {"PATH": f"{bin_}:{slurm['PATH']}", "RUN": str(folder / "run"), "OUTPUT": str(folder / "org.jsonl")}
    command = [ROOT / "deploy/slurm/submit.sh", "--role-name", tool.ROLE, "--shards", str(shards)]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"submitted {shards} shards" in done.stdout


def ended(slurm, folder: Path, seconds: float) -> str:
    """Waits until no job is left; what the jobs wrote."""

    def idle() -> bool:
        queue = subprocess.run(["squeue", "--noheader"], env=slurm, capture_output=True, text=True)
        return queue.returncode == 0 and not queue.stdout.strip()

    until(idle, seconds, folder / "slurm")
    return "\n".join(f"{it.name}: {it.read_text()}" for it in sorted(folder.glob("trailaudit-*.log")))


def test_an_array_of_shards_and_the_merge_after_it(slurm, emulator, org, tmp_path):
    submit(slurm, emulator, tmp_path, 3)
    said = ended(slurm, tmp_path, 120)
    assert (tmp_path / "org.jsonl").exists(), said
    done = tool.run(tmp_path, "scan", "--inventory", "org.jsonl", "-f", "json=audit.json")
    accounts = {it["id"]: it["status"] for it in done.json()["coverage"]["accounts"]}
    assert set(accounts) == set(org.accounts) and set(accounts.values()) == {"assessed"}
    assert sorted(it.name for it in (tmp_path / "run/shards").iterdir()) == [f"{it:04}.jsonl.zst" for it in range(3)]


@pytest.mark.skipif("TRAILAUDIT_FULL" not in os.environ, reason="two minutes, which Slurm waits before it starts a job again")
def test_a_shard_that_is_to_be_tried_again_is(slurm, emulator, org, tmp_path):
    """The first attempt of one shard is throttled out: it is requeued, and the merge waits for it."""
    account = sorted(org.members)[0]
    emulator.refuse("ThrottlingException", message="Rate exceeded", operation="sts:AssumeRole", resource=account, status=400)
    submit(slurm, emulator, tmp_path, 3)
    until(lambda: list((tmp_path / "run/shards").glob("*.failed-1.json")), 90, tmp_path / "slurm")
    emulator.refusals.clear()
    said = ended(slurm, tmp_path, 400)
    assert (tmp_path / "org.jsonl").exists(), said
    (failed,) = (tmp_path / "run/shards").glob("*.failed-*.json")
    assert json.loads(failed.read_text())["exit_code"] == 75
    assert len(list((tmp_path / "run/shards").glob("*.jsonl.zst"))) == 3
