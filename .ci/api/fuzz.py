"""Starts the demo, and lets schemathesis send requests to it as each role. Fails if a role finds a fault, or if an
invariant of the data is broken afterwards.

Usage: fuzz.py PROGRAM DOCUMENT DIRECTORY
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import requests

HERE = pathlib.Path(__file__).parent
# The admin comes last, because an admin can change the others.
ROLES = ["worker", "accountant", "manager", "admin"]


def settings(**more):
    """The environment without settings of the program, except these."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PIECEWORK")}
    # The profile chooses a free port. The token of a role outlives its run.
    return others | {"PIECEWORK_PROFILE": "test", "PIECEWORK__AUTH__ACCESS_TOKEN_S": "86400"} | more


def start(program, data, log):
    """Starts the demo and returns the process and its greeting, the first JSON value that it prints."""
    command = [program, "demo", "--json", "--data-dir", data]
    process = subprocess.Popen(command, env=settings(), stdout=subprocess.PIPE, stderr=log, text=True)
    printed = ""
    for line in process.stdout:
        printed += line
        try:
            return process, json.loads(printed)
        except json.JSONDecodeError:
            continue
    raise SystemExit(f"the demo did not start; see {log.name}")


def fuzz(role, url, login, document, directory):
    """Runs schemathesis as one role."""
    answer = requests.post(f"{url}/api/v1/auth/login", json={key: login[key] for key in ("email", "password")}, timeout=20)
    answer.raise_for_status()
    environment = settings(
        PIECEWORK_URL=url,
        PIECEWORK_TOKEN=answer.json()["access_token"],
        PIECEWORK_EMAIL=login["email"],
        PIECEWORK_PASSWORD=login["password"],
        PYTHONPATH=str(HERE),
        PYTHONDONTWRITEBYTECODE="1",
    )
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "--config-file", "schemathesis.toml", "--no-color",
        "run", document, "--url", url, "--report", "ndjson", "--report-ndjson-path", f"{directory}/{role}.ndjson",
    ]
    print(f"\n== schemathesis as {role}", flush=True)
    began = time.monotonic()
    result = subprocess.run(command, cwd=HERE, env=environment)
    print(f"== {role}: exit code {result.returncode} after {time.monotonic() - began:.0f} s", flush=True)
    return result.returncode == 0


def main():
    # An end by a signal is an exception, so that the demo is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    program, document, directory = sys.argv[1:]
    roles = os.environ.get("ROLES", " ".join(ROLES)).split()
    data = tempfile.mkdtemp(prefix="piecework-api-")
    # PostgreSQL runs as an unprivileged user and has to reach its directory.
    os.chmod(data, 0o755)
    with open(f"{directory}/program.log", "w") as log:
        process, greeting = start(program, data, log)
        try:
            logins = {login["role"]: login for login in greeting["logins"]}
            passed = [fuzz(role, greeting["url"], logins[role], document, directory) for role in roles]
            demo = os.path.join(data, "demo")
            verified = subprocess.run([program, "verify", "--data-dir", demo], env=settings())
            passed.append(verified.returncode == 0)
        finally:
            process.send_signal(signal.SIGTERM)
            stopped = process.wait(60)
            shutil.rmtree(data, ignore_errors=True)
    if stopped != 0 or not all(passed):
        raise SystemExit(f"the API has faults; the log of the program is {directory}/program.log")
    print("every role: no server error, nothing undocumented")


main()
