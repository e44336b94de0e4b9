#!/usr/bin/env python3
"""Writes the config.json with which crun runs an image, as an orchestrator would run it: the image's own
command, environment and user, a read-only root, no capabilities, and the volume at /data.

    bundle.py IMAGE.json DATA NAME=VALUE ...  > config.json
    bundle.py --health-check IMAGE.json       prints the command of the image's health check, a line for each argument
"""

import json
import sys


def load(inspected):
    with open(inspected, encoding="utf-8") as file:
        return json.load(file)


def print_health_check(inspected):
    kind, *command = load(inspected)["Docker"]["config"]["Healthcheck"]["Test"]
    assert kind == "CMD", kind
    print(*command, sep="\n")


def print_config(inspected, data, *settings):
    config = load(inspected)["OCIv1"]["config"]
    user, group = (int(number) for number in config["User"].split(":"))
    tmpfs = ["nosuid", "nodev", "noexec"]
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*tmpfs, "mode=1777", "size=64m"]},
    ]
    for volume in config["Volumes"]:
        mounts.append({"destination": volume, "type": "bind", "source": data, "options": ["bind", "rw"]})
    process = {
        "terminal": False,
        "user": {"uid": user, "gid": group},
        "args": config["Entrypoint"] + config["Cmd"],
        "env": config["Env"] + list(settings),
        "cwd": config["WorkingDir"],
        "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
        "noNewPrivileges": True,
    }
    namespaces = [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]
    json.dump(
        {
            "ociVersion": "1.0.0",
            "process": process,
            "root": {"path": "root", "readonly": True},
            "hostname": "piecework",
            "mounts": mounts,
            "linux": {"namespaces": namespaces},
        },
        sys.stdout,
        indent=1,
    )


if __name__ == "__main__":
    if sys.argv[1] == "--health-check":
        print_health_check(sys.argv[2])
    else:
        print_config(*sys.argv[1:])
