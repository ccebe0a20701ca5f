"""What docs/cron.md says of systemd's units, in the machine, where systemd is pid 1."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import blocks
from tests.support.installed import CHECKOUT, PROJECT, closure, copy_distribution
from tests.support.machine import in_machine, require_machine

pytestmark = pytest.mark.machine

DOCUMENT = CHECKOUT / "docs/cron.md"
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
    yield folder
    shutil.rmtree(folder)


def test_units_of_the_document(cargo: Path) -> None:
    """The hard unit works, root's does, and the settings that the table names do or do not."""
    require_machine()
    script = f"set -e\n{PREPARE}\n(set -- reports.service\n{TRY_UNIT})\n{TRY_ROOT}\n{TRY_SETTING}"
    done = in_machine("root", cargo, "bash", "-c", script, "bash", *FINE, *REFUSED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^42$", done.stdout, re.MULTILINE), done.stdout
    assert '"outcome": "ok"' in done.stdout, done.stdout
    assert set(re.findall(r"^works: (.+)$", done.stdout, re.MULTILINE)) == {"root", *FINE}, done.stdout


def test_the_table_names_what_is_tried() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").partition("These do not go together")[2]
    assert [setting for setting in REFUSED if setting.partition("=")[0] not in table] == []
