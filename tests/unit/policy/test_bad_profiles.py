"""Every fault of a profile: told at once, with its line, and never by a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy

Problems = Callable[[str], list[str]]
Use = Callable[[str], Policy]
Write = Callable[..., str]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'schema = 1\nname = "\xff"\n', ":2: not UTF-8"),
        (b"schema = 1\n\0", ":2: a NUL byte"),
        (b"schema = 1\nname = \n", ":2: not TOML"),
        (b"a" * 5000, ":1: a line of more than 4096 bytes"),
        (b"x = 2024-13-45", "not TOML"),
        (b"schema = 1\nx = " + b"[\n" * 20000, "nested too deeply"),
        (b"schema = 1\nschema = 1\n", "not TOML"),
    ],
    ids=["latin-1", "nul", "syntax", "long-line", "no-such-date", "nested", "twice"],
)
def test_file_that_is_not_toml(data: bytes, words: str, use: Use, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    path.chmod(0o644)
    with pytest.raises(ProfileError) as caught:
        use(str(path))
    assert words in caught.value.message
    assert caught.value.message.isprintable()


def test_all_problems_are_told_at_once_with_their_lines(problems: Problems) -> None:
    text = """\
[limits]
memroy = "1G"
tasks = 0
wall = true

[process]
hostname = "a b"
"""
    assert problems(text) == [
        "p.toml:4: limits.memroy: unknown key (did you mean limits.memory?)",
        'p.toml:5: limits.tasks: expected a number from 1 to 4194304, or "none", found 0',
        (
            'p.toml:6: limits.wall: expected a duration such as "60s" or "5m", between 0.01 s and a year, or "none",'
            " found true"
        ),
        "p.toml:9: process.hostname: expected a host name of at most 64 letters, digits, '-' and '.', found 'a b'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a" + ".a" * 2000 + " = 1\n", "3: a: unknown key"),
        ("limits" + ".a" * 2000 + " = 1\n", "3: limits.a: unknown key"),
        ("limits.tasks" + ".a" * 2000 + " = 1\n", "3: limits.tasks: expected a number from 1 to 4194304"),
        ("[limit]\n", "3: limit: unknown key (did you mean limits?)"),
        ("limits = 3\n", "3: limits: expected a table, found 3"),
        ("[limits]\nopen-files = 15\n", "4: limits.open-files: expected a number from 16 to 1048576, found 15"),
        ('[limits]\nopen-files = "none"\n', "4: limits.open-files: expected a number from 16 to 1048576, found 'none'"),
        ("[limits]\ntasks = true\n", '4: limits.tasks: expected a number from 1 to 4194304, or "none", found true'),
        (
            '[limits]\noutput = { size = "1M", them = "kill" }\n',
            "4: limits.output.them: unknown key (did you mean limits.output.then?)",
        ),
        (
            '[limits]\ncpu-quota = "0%"\n',
            '4: limits.cpu-quota: expected a share of one processor such as "50%" or "150%", 1% or more, or "none"',
        ),
        ("[limits]\ncpus = 2\n", '4: limits.cpus: expected processors such as "0-1,3", none above 8191, or "none"'),
        ("[limits]\ncgroup-parent = 'jails'\n", "4: limits.cgroup-parent: expected the absolute, normalised path of"),
        (
            '[layers]\nseccomp = "of"\n',
            '4: layers.seccomp: expected "off", "preferred" or "required", found \'of\' (did you mean off?)',
        ),
        (
            "[filesystem]\ntmp = 0\n",
            '4: filesystem.tmp: expected a size such as "64M", 4096 bytes or more, or "none", found 0',
        ),
        (
            "[limits]\nmemory = 1" + "0" * 4000,
            (
                '4: limits.memory: expected a size such as "64M", 1048576 bytes or more, or "none",'
                " found a number of more than 64 bits"
            ),
        ),
        ("[network]\nloopback = 1\n", "4: network.loopback: expected true or false, found 1"),
        ('[network]\nallow = ["a:1"]\n', "4: network.allow: not supported by this version of jailpy"),
        ('[network]\nprivate = ["a"]\n', "4: network.private: not supported by this version of jailpy"),
        ('[python]\ninterpreter = "bin/python"\n', '4: python.interpreter: expected "auto", a version such as'),
        ('[python]\nwithout = ["a-b"]\n', "4: python.without[0]: expected a module's name, found 'a-b'"),
        ("[python]\nwithout = 'ctypes'\n", "4: python.without: expected an array, found 'ctypes'"),
        ('[overrides]\nwiden = ["limit.*"]\n', '4: overrides.widen[0]: expected "*", a key, or a table such as'),
        ("[process.env]\nPYTHONPATH = 'x'\n", "4: process.env.PYTHONPATH: expected a variable other than PYTHON…"),
        ("[process.env]\nLD_PRELOAD = 'x'\n", "4: process.env.LD_PRELOAD: expected a variable other than LD_…"),
        ("[process.env]\n'A=B' = 'x'\n", "4: process.env.A=B: expected a variable's name of letters, digits and '_'"),
        ('[process.env]\nA = "x\\u0000"\n', "4: process.env.A: expected a string without NUL, less than 64 KiB"),
        ("[process.env]\nA = 1\n", "4: process.env.A: expected a string without NUL, less than 64 KiB, found 1"),
        ('[process]\npass-env = ["LD_PRELOAD"]\n', "4: process.pass-env[0]: expected a variable other than LD_…"),
        ("[seccomp]\nallow = ['no such']\n", "4: seccomp.allow[0]: expected a system call or a set such as @python"),
        ("[seccomp.args]\nsocket = 1\n", "4: seccomp.args.socket: expected a table of arguments, found 1"),
        ("[seccomp.args.socket]\ndomain = 1.5\n", "4: seccomp.args.socket.domain: expected a number, the name of"),
        ('[seccomp.args.socket]\nelse = ["EPERM"]\n', "4: seccomp.args.socket.else: expected the name of an errno"),
        (
            "[seccomp]\nkill = [" + "'a',\n" * 1001 + "]",
            "4: seccomp.kill: expected an array of at most 1000 items, found 1001 items",
        ),
        ('name = "\\u001b[2J"\n', "3: name: expected a name of letters, digits, '-', '_' and '.', found '\\x1b[2J'"),
        ('"\\u001b[2J" = 1\n', "p.toml: '\\x1b[2J': unknown key"),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(text: str, problem: str, problems: Problems) -> None:
    (line,) = problems(text)
    assert line.startswith(f"p.toml:{problem}".replace("p.toml:p.toml", "p.toml"))
    assert line.isprintable()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("data", "an absolute path"),
        ("./data", "an absolute path"),
        ("~/data", "an absolute path"),
        ("/a/../etc", "an absolute path"),
        ("/a/..", "an absolute path"),
        ("/a/", "an absolute path"),
        ("//a", "an absolute path"),
        ("/a//b", "an absolute path"),
        ("/a/./b", "an absolute path"),
        ("/a\\u0000b", "an absolute path"),
        ("/a:/b/../c", "an absolute path"),
        ("", "an absolute path"),
        ("/", "a path other than the whole root"),
        ("/data:/", "a path other than the whole root"),
        ("/proc/1", "a path outside /proc and /dev"),
        ("/proc/self/root:/host", "a path outside /proc and /dev"),
        ("/data:/dev/shm", "a path outside /proc and /dev"),
    ],
)
@pytest.mark.parametrize("key", ["read", "write"])
def test_host_path_that_is_not_plain_is_refused(key: str, entry: str, expected: str, problems: Problems) -> None:
    (line,) = problems(f'[filesystem]\n{key} = ["/usr/share", "{entry}"]\n')
    assert line.startswith(f"p.toml:4: filesystem.{key}[1]: expected {expected}")


@pytest.mark.parametrize("schema", ["", "schema = 2\n", "schema = true\n", "schema = '1'\n", "schema = 1.0\n"])
def test_schema_must_be_1(schema: str, write: Write, use: Use) -> None:
    with pytest.raises(ProfileError, match="schema: expected 1, found"):
        use(write("p.toml", 'extends = "default@1"\n', schema=schema))


@pytest.mark.parametrize(
    ("extends", "words"),
    [
        ('"default"', "(did you mean default@1?)"),
        ('"default@7"', "(did you mean default@1?)"),
        ('"base.toml"', "found 'base.toml'"),
        ("3", "found 3"),
        ('["default@1"]', "found an array"),
    ],
)
def test_extends_names_a_generation_or_a_file(extends: str, words: str, write: Write, use: Use) -> None:
    path = write("p.toml", f"extends = {extends}\n")
    with pytest.raises(ProfileError) as caught:
        use(path)
    (line,) = (line for line in caught.value.problems if "extends" in line and "allowed" not in line)
    assert line.startswith(f'{path}:2: extends: expected a generation such as "default@1", or a file')
    assert line.endswith(words)


def test_extends_in_a_circle_is_refused(write: Write, use: Use) -> None:
    a = write("a.toml", 'extends = "./b.toml"\n')
    b = write("b.toml", 'extends = "./a.toml"\n')
    with pytest.raises(ProfileError) as caught:
        use(a)
    assert caught.value.message == f"{b}:2: extends: a circle: {a} → {b} → {a}"


def test_circle_through_a_symlink_is_seen(write: Write, use: Use, tmp_path: Path) -> None:
    a = write("a.toml", 'extends = "./again.toml"\n')
    (tmp_path / "again.toml").symlink_to("a.toml")
    with pytest.raises(ProfileError, match="a circle"):
        use(a)


def test_chain_that_is_too_long_is_refused(write: Write, use: Use) -> None:
    for number in range(20):
        write(f"p{number}.toml", f'extends = "./p{number + 1}.toml"\n')
    with pytest.raises(ProfileError, match="a chain of more than 16 profiles"):
        use(write("p.toml", 'extends = "./p0.toml"\n'))


def test_problems_of_an_ancestor_are_told_with_its_file(write: Write, use: Use) -> None:
    base = write("base.toml", 'extends = "default@1"\n[limits]\ntasks = -1\n')
    path = write("p.toml", 'extends = "./base.toml"\n[limits]\nwal = 1\n')
    with pytest.raises(ProfileError) as caught:
        use(path)
    assert [line.partition(": ")[0] for line in caught.value.problems] == [f"{base}:4", f"{path}:4"]
    assert "(the first of 2 problems)" in caught.value.message


def test_profile_that_allows_nothing_is_refused(write: Write, use: Use) -> None:
    with pytest.raises(ProfileError, match="nothing is allowed"):
        use(write("p.toml", ""))


def test_system_call_that_an_ancestor_removed_cannot_be_allowed_silently(write: Write, use: Use) -> None:
    base = write("base.toml", 'extends = "default@1"\n[seccomp]\nremove = ["sendfile"]\n')
    path = write("p.toml", 'extends = "./base.toml"\n[seccomp]\nallow = ["sendfile"]\n')
    with pytest.raises(ProfileError) as caught:
        use(path)
    assert caught.value.message == f"{path}:4: seccomp.allow[1]: 'sendfile' is removed by {base}:4"


def test_unknown_system_call_is_told_with_its_line(problems: Problems) -> None:
    (line,) = problems('[seccomp]\nallow = [\n  "getpit",\n]\n')
    assert line.startswith("p.toml:4: seccomp.allow")
    assert "getpit" in line


def test_many_unknown_keys_are_cut_short(problems: Problems) -> None:
    lines = problems("[limits]\n" + "".join(f"k{number} = 1\n" for number in range(20_000)))
    assert (len(lines), lines[-1]) == (101, "and 19900 more problems")
