"""Profiles made up by hypothesis, of every kind that can be loaded: the text after ``schema = 1``."""

from __future__ import annotations

from hypothesis import strategies as st

from jailpy.policy.schema import LAYERS
from tests.unit.policy.test_fuzz import toml


def _of(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


sizes = st.integers(1 << 20, 1 << 40).map(str) | st.integers(1, 4000).map(lambda count: f'"{count}M"') | _of('"none"')
times = (
    st.integers(10, 10**9).map(lambda count: f'"{count}ms"')
    | st.floats(0.01, 1e6).map(repr)
    | _of('"none"', '"90s"', '"2h"')
)
counts = st.integers(16, 100_000).map(str)
shares = (
    st.integers(1, 100_000).map(lambda share: f'"{share}%"')
    | st.decimals(1, 1000, places=3).map(lambda share: f'"{share}%"')
    | _of('"none"')
)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12).map(toml)
paths = st.lists(_of('"/a"', '"/b/c"', '"/d:/x"', '"/e f"'), max_size=3, unique=True).map(lambda p: f"[{', '.join(p)}]")
calls = st.lists(
    _of(
        '"@inotify"', '"@numa"', '"@netlink-route"', '"@no-exec"', '"@single-process"', '"bpf"', '"@mount"', '"splice"'
    ),
    max_size=4,
    unique=True,
).map(lambda items: f"[{', '.join(items)}]")
taken = st.lists(_of('"sendfile"', '"@sockets"', '"@signalfd"', '"fork"', '"@identity"'), max_size=3, unique=True).map(
    lambda items: f"[{', '.join(items)}]"
)
killed = _of("[]", '["@escape"]', '["connect", "mount"]')
KEYS = {
    **{f"layers.{layer}": _of('"off"', '"preferred"', '"required"') for layer in LAYERS},
    "python.interpreter": _of('"auto"', '"3.12"', '"/usr/bin/python3"'),
    "python.venv": _of('""', '"/srv/venv"'),
    "python.without": _of("[]", '["ctypes", "a.b"]'),
    "filesystem.base": _of('"minimal"', '"usr"'),
    "filesystem.tmp": sizes,
    "filesystem.tmp-files": counts | _of('"none"'),
    "filesystem.read": paths,
    "filesystem.write": _of("[]", '["/w"]', '["/w:/v", "/u"]'),
    "filesystem.sockets": _of("true", "false"),
    "filesystem.proc": _of('"off"', '"preferred"', '"required"'),
    "network.loopback": _of("true", "false"),
    "process.env.A": texts,
    "process.env.B_2": texts,
    "process.pass-env": _of("[]", '["TZ", "LANG"]'),
    "process.hostname": _of('"jail"', '"a.b-c"'),
    "limits.wall": times,
    "limits.cpu": times,
    **{f"limits.{key}": sizes for key in ("memory", "memory-high", "swap", "io-read", "io-write", "file-size")},
    "limits.cpu-quota": shares,
    "limits.cpu-weight": _of('"none"', "1", "77"),
    "limits.cpus": _of('"none"', '"3"', '"0-1,3"'),
    "limits.tasks": counts,
    "limits.open-files": counts,
    "limits.write": sizes,
    "limits.write-files": counts | _of('"none"'),
    "limits.output": sizes | _of('{ size = "3M", then = "truncate" }', '{ size = "none", then = "kill" }'),
    "limits.cgroup-parent": _of('""', '"/jails.slice"'),
    "seccomp.allow": calls,
    "seccomp.remove": taken,
    "seccomp.kill": killed,
    "seccomp.args.socket": _of(
        '{ domain = "AF_UNIX", else = "EACCES" }',
        '{ domain = ["AF_UNIX", "AF_INET"], type = { mask = 0xf, in = [1, 2] } }',
        '{ domain = { none-of = [0, 2] }, type = { mask = 3, in = [1] }, else = "EPERM" }',
    ),
    "seccomp.args.mmap.flags": _of('{ none-of-flags = "MAP_HUGETLB" }', '{ any-of-flags = ["MAP_PRIVATE", 1] }'),
    "seccomp.args.mmap.length": _of("{ none-of = [0, 18446744073709551615] }"),
    "overrides.widen": _of("[]", '["*"]', '["limits.*", "filesystem.read"]', '["process.env"]'),
}
profiles = st.fixed_dictionaries({}, optional=KEYS).map(
    lambda said: "".join(f"{key} = {value}\n" for key, value in {"extends": '"default@1"', **said}.items())
)
