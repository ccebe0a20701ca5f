"""Who the plugin is: nobody, inside and outside (THREATS 16, 25, 53)."""

from __future__ import annotations

import grp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.attack.conftest import LONG, Attack, Live, Starter
from tests.attack.inside import opened, say, sc, seen
from tests.support.callers import Caller
from tests.support.installed import Installed
from tests.support.reports import valid

FREE = range(61184, 65520)  # systemd's own


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: line.split(":")[1].split() for line in lines}


def kept(caller: Caller) -> list[int]:
    """The groups, as numbers of the host, that a suite which is not root's has and that nobody can drop."""
    return [] if os.geteuid() == 0 or caller.kind == "root" else sorted(os.getgroups())


def as_inside(groups: list[int], caller: Caller) -> list[int]:
    """What a jail calls them: its own group by its number there, every other one by that of nobody."""
    return [1000 if group == caller.gid else 65534 for group in groups]


def waits() -> object:
    say("ready")
    sys.stdin.read()
    return "waited"


def test_ids_inside_are_one_and_unchangeable(attack: Attack, caller: Caller) -> None:
    """One uid, one gid, no other group; every call that would change them is refused."""

    def plugin() -> object:
        ids = [os.getresuid(), os.getresgid(), os.getgroups()]
        calls = ["setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid"]
        tries = {sc(call, value, value, value) for call in calls for value in (0, 1000, 65534, -1)}
        tries |= {sc("setgroups", count, bytes(64)) for count in (0, 1)}
        with open("/proc/self/uid_map") as uids, open("/proc/self/gid_map") as gids:
            maps = [[line.split()[::2] for line in file] for file in (uids, gids)]
        return [ids, sorted(tries), maps, opened("/proc/self/setgroups", os.O_WRONLY)]

    ids, tries, maps, setgroups = attack(plugin)
    assert ids == [[1000] * 3, [1000] * 3, as_inside(kept(caller), caller)]
    assert tries == ["EPERM"]
    assert maps == [[["1000", "1"]], [["1000", "1"]]]
    assert setgroups == "EROFS"


def test_host_root_is_mapped(live: Starter, caller: Caller) -> None:
    """On the host no process of the jail is root, nor is root's launcher once the plugin runs; groups are gone."""
    with live(waits) as jail:
        assert jail.heard() == "ready"
        processes = jail.processes()
        for fd in processes.values():
            os.close(fd)
        found = {pid: status_of(pid) for pid in processes}
        launcher = status_of(jail.process.pid)
        jail.let_go()
        jail.process.wait(LONG)
    assert len(found) == 2
    for status in found.values():
        uids, gids = set(status["Uid"]), set(status["Gid"])
        assert (len(uids), len(gids)) == (1, 1)
        if caller.kind == "root":
            assert min(int(uids.pop()), int(gids.pop())) >= 1000
            assert status["Uid"] == launcher["Uid"]
            assert int(status["Uid"][0]) not in FREE
        else:
            assert (uids, gids) == ({str(caller.uid)}, {str(caller.gid)})
        assert sorted(map(int, status["Groups"])) == kept(caller)
        assert {status[name][0] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (launcher["CapEff"], launcher["CapPrm"]) == (["0" * 16], ["0" * 16])
    if caller.kind == "root":
        assert (launcher["NoNewPrivs"], launcher["Seccomp"]) == (["1"], ["2"])


def test_jails_of_root_share_an_id(live: Starter, caller: Caller) -> None:
    """Two jails that live at once have different ids on the host; otherwise one could signal the other's launcher."""

    def ids_of(jail: Live) -> set[str]:
        assert jail.heard() == "ready"
        processes = jail.processes()
        for fd in processes.values():
            os.close(fd)
        return {uid for pid in processes for uid in status_of(pid)["Uid"]}

    with live(waits) as one, live(waits) as two:
        first, second = ids_of(one), ids_of(two)
        for jail in (one, two):
            jail.let_go()
            jail.process.wait(LONG)
    assert (first.isdisjoint(second)) == (caller.kind == "root")


def test_supplementary_groups_of_the_caller(live: Starter, caller: Caller, folder: Path) -> None:
    """Groups 0 and 42 of root are left behind, and with them what only they may read."""

    def plugin(path: str) -> object:
        with open("/proc/self/status") as file:
            groups = next(line for line in file if line.startswith("Groups:")).split()[1:]
        return [os.getgroups(), groups, opened(path, os.O_RDONLY)]

    secret = folder / "secret"
    secret.write_text("for group 42")
    if os.geteuid() == 0:
        os.chown(secret, 0, 42)
    secret.chmod(0o040)
    groups = [0, 42] if caller.kind == "root" else []
    options = ("--read", f"{secret}:/secret")
    extra = {"extra_groups": groups} if os.geteuid() == 0 else {}
    with live(plugin, "/secret", options=options, **extra) as jail:
        left = as_inside(kept(caller), caller)
        assert jail.saw() == [left, [str(group) for group in left], "EACCES"]


def test_groups_that_cannot_be_dropped_are_hidden_from_the_report(live: Starter, caller: Caller, folder: Path) -> None:
    """An ordinary user's groups stay, as the kernel lets nobody drop them: the report says which. Root's are gone."""

    def plugin() -> object:
        return len(os.getgroups())

    extra = {"extra_groups": [4, 42]} if os.geteuid() == 0 else {}
    left = [4, 42] if os.geteuid() == 0 and caller.kind == "user" else kept(caller)
    others = [gid for gid in left if gid != caller.gid]
    with live(plugin, **extra) as jail:
        assert jail.saw() == len(left)
    layer = valid(folder / "report.json")["layers"]["groups"]
    assert layer["state"] == ("fallback" if others else "on")
    assert all(grp.getgrgid(gid).gr_name in layer["detail"] for gid in others)


def test_file_that_the_jail_may_not_read_is_in_a_share(attack: Attack, folder: Path) -> None:
    """Root's rights do not read what is another user's in a folder that is shared, or what nobody may read."""

    def plugin() -> object:
        names = sorted(os.listdir("/share"))
        files = [f"/share/{name}" for name in names]
        changed = {seen(os.chmod, file, 0o777) for file in files} | {seen(os.chown, file, 1000, 1000) for file in files}
        return [names, sorted({opened(file, os.O_RDONLY) for file in files}), sorted(changed - {"EROFS", "EPERM"})]

    share = folder / "share"
    share.mkdir()
    (share / "closed").write_text("to all")
    (share / "closed").chmod(0)
    if os.geteuid() == 0:
        (share / "others").write_text("of somebody else")
        (share / "others").chmod(0o400)
        os.chown(share / "others", 4242, 4242)
    names = sorted(entry.name for entry in share.iterdir())
    assert attack(plugin, options=("--read", f"{share}:/share")) == [names, ["EACCES"], []]


def test_setuid_program_of_a_share_gives_rights(attack: Attack, installed: Installed, folder: Path) -> None:
    """A setuid and setgid program that is shared keeps the plugin's ids, and executes with no more rights."""

    def plugin() -> object:
        say_ids = "import os; print(*os.getresuid(), *os.getresgid())"
        command = ["/tools/python", "-I", "-c", say_ids]
        done = subprocess.run(command, executable="/tools/python", capture_output=True, check=True)
        return [oct(os.stat("/tools/python").st_mode & 0o7000), done.stdout.decode().split()]

    tools = folder / "tools"
    tools.mkdir()
    shutil.copyfile(installed.python.resolve(), tools / "python")
    (tools / "python").chmod(0o6755)
    assert attack(plugin, options=("--read", f"{tools}:/tools")) == ["0o6000", ["1000"] * 6]
