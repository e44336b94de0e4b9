#!/usr/bin/env python3
"""Writes the config.json with which crun runs an image, as an orchestrator would run it: the image's own
command, environment and user, a read-only root, no capabilities, and the volume at /data.

    bundle.py IMAGE.json DATA NAME=VALUE ...  > config.json
"""

import json
import sys


def main(inspected, data, *settings):
    with open(inspected, encoding="utf-8") as file:
        config = json.load(file)["OCIv1"]["config"]
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
    # The network is that of the machine.
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
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
    main(*sys.argv[1:])
