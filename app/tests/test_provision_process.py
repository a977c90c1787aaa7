"""The provisioner as a process: its settings, its probe's port, its end."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from helloworld.provision.loop import FIXED_SECONDS
from provision_harness import Environment
from state_harness import PATIENCE_SECONDS, free_port, wait_for_port

APP_DIRECTORY = Path(__file__).parent.parent


def run(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-m", "helloworld.provision"],
        cwd=APP_DIRECTORY,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_the_process_provisions_and_ends_at_once_when_told(environment: Environment) -> None:
    port = free_port()
    given = {
        "DATABASE_ADMIN_URL": f"postgresql://{environment.master}@127.0.0.1:{environment.server.port}/postgres",
        "PROVISION_DATABASES": environment.base,
        "PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "helloworld.provision"],
        cwd=APP_DIRECTORY,
        env={**os.environ, **given},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process, process.stdout as log:
        wait_for_port(port, process)
        process.send_signal(signal.SIGTERM)
        # Less than the minute that it sleeps from round to round.
        assert process.wait(FIXED_SECONDS / 2) == 0
        lines = [json.loads(line) for line in log]
    assert {line["message"] for line in lines} == {"made role", "granted role", "made database", "closed database"}
    assert asyncio.run(environment.may_connect(environment.base, environment.base))


def test_a_port_that_is_taken_is_explained_in_one_line_without_a_traceback(environment: Environment) -> None:
    with socket.create_server(("", 0)) as taken:
        given = {
            "DATABASE_ADMIN_URL": f"postgresql://{environment.master}@127.0.0.1:{environment.server.port}/postgres",
            "PORT": str(taken.getsockname()[1]),
            "LOG_LEVEL": "WARNING",
        }
        done = run(given)
    assert done.returncode == 1
    assert done.stderr == ""
    line = json.loads(done.stdout)
    assert line["message"] == "cannot provision"
    assert "address already in use" in line["reason"]


def test_wrong_settings_are_explained_all_at_once() -> None:
    wrong = {
        "DATABASE_ADMIN_URL": "mysql://root:hunter2@host/db",
        "DATABASE_ADMIN_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-AbCdEf",
        "PROVISION_DATABASES": "helloworld, Hello World",
        "PROVISION_REVIEWS": "pr",
        "PORT": "0",
    }
    done = run(wrong)
    assert done.returncode == 2
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    begins = (
        "DATABASE_ADMIN_URL=",
        "PROVISION_DATABASES=",
        "PROVISION_REVIEWS=",
        "PORT=",
        "DATABASE_ADMIN_SECRET needs",
    )
    lines = done.stderr.splitlines()
    assert all(any(line.startswith(begin) for line in lines) for begin in begins)
    assert len(lines) == 6
    assert "Set it to" in lines[0]
