"""What docs/cron.md and docs/cgroups.md say of systemd's units, and of cgroups elsewhere, in the machine."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jailpy.report import cgroups
from tests.docs.blocks import blocks
from tests.support.installed import CHECKOUT, PROJECT, closure, copy_distribution
from tests.support.machine import in_machine, require_machine

pytestmark = pytest.mark.machine

DOCUMENT, CGROUPS = CHECKOUT / "docs/cron.md", CHECKOUT / "docs/cgroups.md"
PREPARE = """
chmod -R go+rX /src
printf '#!/bin/sh\\nexec env PYTHONPATH=/src:/src/site python3 -m jailpy "$@"\\n' > /usr/local/bin/jailpy
chmod 755 /usr/local/bin/jailpy
useradd --system reports
mkdir -p /srv/plugins /etc/jailpy/profiles
printf 'schema = 1\\nextends = "default@1"\\n' > /etc/jailpy/profiles/reports.toml
echo 'print(6 * 7)' > /srv/plugins/report.py
"""
TRY_UNIT = """
cp "$1" /etc/systemd/system/reports.service
systemctl daemon-reload
systemctl start reports.service
journalctl --quiet --output cat --unit reports.service
cat /var/lib/reports/last.json /var/lib/reports/jailpy/audit.jsonl
"""
TRY_SETTING = """
for setting in "$@"; do
  if systemd-run --quiet --wait --collect -p User=jail -p "$setting" /usr/local/bin/jailpy run -c pass 2>&1; then
    echo "works: $setting"
  fi
done
"""
TRY_ROOT = """
systemd-run --quiet --wait --collect -p ProtectSystem=strict -p RuntimeDirectory=jailpy -p StateDirectory=jailpy \\
    -p CacheDirectory=jailpy /usr/local/bin/jailpy run -c pass && echo "works: root"
"""
TRY_CGROUPS = """
useradd --uid 1500 --create-home app
unit() { systemd-run --quiet --pipe --wait --collect -p User=app "$@"; }
cat > /usr/local/bin/found <<'END' && chmod 755 /usr/local/bin/found
#!/bin/sh
jailpy doctor --json | sed "s/^/found $1 /"
END
unit found unit
unit -p Delegate=yes jailpy doctor --json | sed 's/^/found delegated /'
unit -p Delegate=yes found shared
unit -p Delegate=yes -p ProtectControlGroups=yes found protected
unit -p Delegate=yes bash /src/deeper.sh found deeper
cat > /usr/local/bin/contained <<'END' && chmod 755 /usr/local/bin/contained
#!/bin/sh -e
# A cgroup that belongs to the user, in a namespace of its own, mounted as $1 says: what container engines make.
group=/sys/fs/cgroup/container.scope
mkdir -p "$group"
chown 1500 "$group" "$group/cgroup.procs" "$group/cgroup.threads" "$group/cgroup.subtree_control"
exec unshare --mount --pid --fork --mount-proc sh -ec '
  echo 0 > "$1/cgroup.procs"
  shift
  exec unshare --cgroup sh -ec "
    umount --lazy /sys/fs/cgroup
    mount -t cgroup2 -o \\$1,nsdelegate none /sys/fs/cgroup
    mount -t tmpfs none /run
    shift
    exec setpriv --reuid=1500 --regid=1500 --clear-groups env HOME=/home/app \\"\\$@\\"
  " sh "$@"
' sh "$group" "$@"
END
contained ro found container
contained rw jailpy doctor --json | sed 's/^/found writable /'
contained rw sh -ec 'mkdir /sys/fs/cgroup/app; echo 0 > /sys/fs/cgroup/app/cgroup.procs; exec found inside'
bash -ec '. /src/given.sh; cd /; exec setpriv --reuid=1500 --regid=1500 --clear-groups env HOME=/home/app found given'
"""
DELEGATED = "in the caller's own group: cpu, cpuset, io, memory, pids"
ABOVE = "in a group above the caller's: cpu, cpuset, io, memory, pids"
NONE = "no group was delegated to the caller, and no systemd runs for this user: none for a jail"
FOUND = {  # what doctor says of cgroups in each place
    "unit": (NONE, cgroups.UNIT),
    "delegated": (DELEGATED,),
    "shared": (NONE, cgroups.UNIT),
    "protected": (NONE, cgroups.READ_ONLY_UNIT),
    "deeper": (ABOVE,),
    "container": (NONE, cgroups.ENGINE),
    "writable": (DELEGATED,),
    "inside": (ABOVE,),
    "given": (ABOVE,),
}
REFUSED = (  # an example of each row of the document's table
    "RestrictNamespaces=yes",
    "ProtectHostname=yes",
    "RestrictAddressFamilies=AF_UNIX",
    "ReadOnlyPaths=/",
    "ReadOnlyPaths=/proc",
    "SystemCallFilter=@system-service",
)
FINE = (
    "RestrictNamespaces=user mnt pid net ipc uts cgroup",
    "RestrictAddressFamilies=AF_UNIX AF_INET",
    "SystemCallFilter=~@obsolete @clock @module",
    "RestrictSUIDSGID=yes",
    "DynamicUser=yes",
)


@pytest.fixture(scope="module")
def cargo(shared_folder: Path, worker_id: str) -> Iterator[Path]:
    """The checkout, what it needs, and the document's unit."""
    folder = shared_folder / f"units-{worker_id}"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "bench", "tests", "docs"))
    for name in closure(PROJECT["dependencies"]) - {"python-prctl"}:
        copy_distribution(name, folder / "site")
    (unit,) = (block.code for block in blocks(DOCUMENT) if block.language == "ini")
    (folder / "reports.service").write_text(unit, encoding="utf-8")
    (deeper,) = (block.code for block in blocks(CGROUPS) if "exec /srv/app/serve" in block.code)
    (folder / "deeper.sh").write_text(deeper.replace("exec /srv/app/serve", 'exec "$@"'), encoding="utf-8")
    (given,) = (block.code for block in blocks(CGROUPS) if "chown 1000" in block.code)
    (folder / "given.sh").write_text(given.replace("chown 1000", "chown 1500"), encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def test_units_of_the_document(cargo: Path) -> None:
    """The hard unit works, root's does, and the settings that the table names do or do not."""
    require_machine()
    script = f"set -e\n{PREPARE}\n(set -- reports.service\n{TRY_UNIT})\n{TRY_ROOT}\n{TRY_CGROUPS}\n{TRY_SETTING}"
    done = in_machine("root", cargo, "bash", "-c", script, "bash", *FINE, *REFUSED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^42$", done.stdout, re.MULTILINE), done.stdout
    assert '"outcome": "ok"' in done.stdout, done.stdout
    assert f'"cgroup": {{"state": "on", "detail": "{DELEGATED}"}}' in done.stdout, done.stdout
    assert set(re.findall(r"^works: (.+)$", done.stdout, re.MULTILINE)) == {"root", *FINE}, done.stdout
    told = {name: json.loads(said) for name, said in re.findall(r"^found (\w+) (.+)$", done.stdout, re.MULTILINE)}
    assert {name: of_cgroups(said) for name, said in told.items()} == FOUND
    assert all(said["works"] for said in told.values())


def of_cgroups(said: dict[str, Any]) -> tuple[str, ...]:
    """Each thing that doctor says of cgroups: the line that helps, or what it found and a trial jail had too."""
    return tuple(finding["fix"] or finding["text"] for finding in said["findings"] if finding["topic"] == "cgroup")


def test_the_table_names_what_is_tried() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").partition("These do not go together")[2]
    assert [setting for setting in REFUSED if setting.partition("=")[0] not in table] == []
