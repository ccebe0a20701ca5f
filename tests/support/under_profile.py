"""Executes a command under a seccomp profile in the format of Docker, as a container engine would.

under_profile.py PROFILE.json COMMAND [ARG]...
"""

from __future__ import annotations

import json
import os
import sys

import pyseccomp

COMPARE = {"SCMP_CMP_EQ": pyseccomp.EQ, "SCMP_CMP_LT": pyseccomp.LT}
UNKNOWN = -1


def main(profile: str, *command: str) -> None:
    with open(profile, encoding="utf-8") as file:
        wanted = json.load(file)
    refuse = pyseccomp.ERRNO(wanted["defaultErrnoRet"])
    engine = pyseccomp.SyscallFilter(refuse)
    for rule in wanted["syscalls"]:
        action = pyseccomp.ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else pyseccomp.ERRNO(rule["errnoRet"])
        if action == refuse:
            continue
        conditions = [pyseccomp.Arg(a["index"], COMPARE[a["op"]], a["value"]) for a in rule.get("args", ())]
        for name in rule["names"]:
            number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)
            if number != UNKNOWN:  # newer than this libseccomp: engines pass over it too
                engine.add_rule(action, number, *conditions)
    engine.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
