"""Putting an interpreter's root together: each part is found by one of this package's other files."""

from __future__ import annotations

import os

from jailpy.errors import UsageError
from jailpy.model.interpreter import Interpreter
from jailpy.model.record import Record
from jailpy.plan.interpreter import certificates
from jailpy.plan.interpreter.elf import MACHINES
from jailpy.plan.interpreter.find import Search
from jailpy.plan.interpreter.layout import Layout
from jailpy.plan.interpreter.libraries import CACHE, Loader
from jailpy.plan.interpreter.standard import Standard, find_standard
from jailpy.plan.interpreter.venv import Venv, read_venv
from jailpy.plan.interpreter.without import leave_out

# Libraries that are opened by name while running: glibc's, for the end of a thread.
_OPENED_LATER = ("libgcc_s.so.1",)
# Without a display, or a network's directory service, they are of no use, and pull in all of X11, or of Kerberos.
_USELESS = ("_tkinter.", "nis.")
_USR_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_MOST_ENTRIES = 400_000  # files and folders of the installed packages


class Target(Record):
    """The interpreter that was chosen."""

    program: str  # by which it is started
    binary: str  # the ELF file behind it
    base: str  # the base interpreter: ``program`` itself outside of a virtual environment
    venv: Venv | None
    standard: Standard


def discover(wanted: str, *, venv: str = "", without: tuple[str, ...] = (), base: str = "minimal") -> Interpreter:
    """What the interpreter ``wanted`` ("auto", a path, or a version such as "3.12") needs to find in a jail.

    ``venv``: an environment whose packages it sees; one that is ``wanted`` by its own path counts as well.
    ``without``: modules to leave out. ``base``: "minimal", or "usr" for the whole /usr of the host.
    UsageError: no such interpreter, or a broken one. ProfileError: a module that cannot be left out.
    """
    search, layout = Search(), Layout()
    target = _choose(search, wanted, venv)
    for path in search.evidence:
        layout.depends_on(path)
    if base == "usr":
        _add_usr(layout)
    _add_programs(layout, target)
    packages = _add_packages(layout, target, whole=bool(venv) and target.venv is None)
    programs = _add_libraries(layout, target, packages)
    _add_certificates(layout, target, programs)
    leave_out(layout, without, target.standard.folder, packages, _own(target, programs))
    return Interpreter(
        executable=target.program,
        version=target.standard.version,
        trees=layout.trees(),
        links=layout.links(),
        masks=layout.masks(),
        evidence=layout.evidence(),
    )


def _choose(search: Search, wanted: str, venv: str) -> Target:
    program = search.program(f"{os.path.abspath(venv)}/bin/python" if venv else wanted)
    base = search.base(program)
    inside = read_venv(program)
    binary = os.path.realpath(base)
    homes = [inside.home] if inside else []
    standard = find_standard(binary, *homes, os.path.dirname(binary))
    if venv and wanted not in ("auto", standard.version):
        other = os.path.realpath(search.base(search.program(wanted)))
        if other != binary:  # an environment has its interpreter: another cannot be asked for with it
            raise UsageError(
                f"python: {venv} was made with {binary}, not with {other}",
                hint='leave the interpreter at "auto": the environment brings its own',
            )
    return Target(program=program, binary=os.path.realpath(program), base=base, venv=inside, standard=standard)


def _add_usr(layout: Layout) -> None:
    layout.add("/usr", "base = usr")
    for path in (*_USR_LINKS, CACHE, "/etc/alternatives"):
        layout.add_if_there(path, "base = usr")


def _add_programs(layout: Layout, target: Target) -> None:
    layout.add(target.program, "interpreter")
    layout.add(target.base, "base interpreter")
    layout.add(target.standard.folder, "standard library", below=target.standard.prefix)
    layout.depends_on(f"{target.standard.folder}/lib-dynload")
    layout.add_if_there("/usr/share/zoneinfo", "time zones")
    layout.add_if_there("/usr/lib/locale/C.utf8", "the locale of the jail's LANG")
    layout.add_if_there(f"{target.standard.prefix}/share/zoneinfo", "time zones", below=target.standard.prefix)


def _add_packages(layout: Layout, target: Target, *, whole: bool) -> tuple[str, ...]:
    """Mount an environment's packages, cover the base interpreter's; gives the folders that are to be seen.

    ``whole``: the environment is an installation of its own, as conda makes them.
    """
    standard, venv = target.standard, target.venv
    system = [f"{standard.folder}/{kind}-packages" for kind in ("site", "dist")]
    # Debian's own: what apt installs, and what pip does.
    debian = ("lib/python3", f"local/lib/{standard.name}")
    system += [os.path.join(standard.prefix, folder, "dist-packages") for folder in debian]
    seen: list[str] = []
    if venv:
        layout.add(venv.config, "virtual environment", below=venv.folder)
        seen = [f"{venv.folder}/{library}/{standard.name}/site-packages" for library in ("lib", "lib64")]
        for path in seen:
            layout.add_if_there(path, "packages of the virtual environment", below=venv.folder)
    if whole or (venv and venv.system_site):
        for path in system:
            layout.add_if_there(path, "packages of the base interpreter", below=standard.prefix)
        seen += system
    else:
        for path in system:
            if os.path.isdir(path):
                layout.mask(path, "dir", "")
    return tuple(dict.fromkeys(os.path.realpath(path) for path in seen if os.path.isdir(path)))  # lib64 is lib


def _add_libraries(layout: Layout, target: Target, packages: tuple[str, ...]) -> list[str]:
    """Mount the loader and all libraries; gives the binary and what it and its modules are linked with."""
    machine = os.uname().machine
    loader = Loader("", MACHINES.get(machine, 0))
    elf = loader.read(target.binary)
    if elf is None:
        raise UsageError(f"{target.program}: not a program for {machine}", hint="give an interpreter of this machine")
    if elf.interp:
        loader = Loader(elf.interp, elf.machine)
        if loader.read(elf.interp) is None:
            raise UsageError(f"{target.program}: its loader {elf.interp} is not there")
        layout.add(elf.interp, "dynamic loader")
    modules = _modules(f"{target.standard.folder}/lib-dynload")
    for folder in packages:
        modules += _modules(folder)
    libraries = loader.closure(target.binary, modules)
    libraries += [path for path in map(loader.find, _OPENED_LATER) if path]
    for path in libraries:
        layout.add(path, "shared library")
    if loader.path_file:
        layout.add_if_there(loader.path_file, "folders of the dynamic loader")
    if loader.cache_used:
        layout.add_if_there(CACHE, "folders of the dynamic loader")
    elif not loader.musl:
        layout.depends_on(CACHE)
    if any(os.path.basename(path).startswith(("libtinfo", "libncurses")) for path in libraries):
        _add_terminals(layout)
    return [target.binary, *libraries]


def _add_terminals(layout: Layout) -> None:
    """What readline and curses know of terminals: Debian has the usual ones apart, the others only all."""
    if not layout.add_if_there("/lib/terminfo", "terminals"):
        layout.add_if_there("/usr/share/terminfo", "terminals")


def _modules(folder: str) -> list[str]:
    """The extension modules below a folder."""
    found: list[str] = []
    pending, left = [folder], _MOST_ENTRIES
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    left -= 1
                    if entry.name.endswith(".so"):
                        if not entry.name.startswith(_USELESS):
                            found.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except OSError:
            continue
        if left < 0:
            raise UsageError(
                f"{folder}: more than {_MOST_ENTRIES} files", hint="make an environment for the jail alone"
            )
    return found


def _add_certificates(layout: Layout, target: Target, programs: list[str]) -> None:
    """Put the host's certificates where this interpreter's OpenSSL looks for them."""
    crypto = [path for path in programs if os.path.basename(path).startswith("libcrypto")]
    folder = certificates.openssl_folder(crypto or _own(target, programs))
    bundle = certificates.host_bundle()
    if bundle and not layout.covered(certificates.BUNDLE):
        layout.add_elsewhere(bundle, certificates.BUNDLE, "certificates")
    if not folder:
        return
    settings = certificates.openssl_settings(folder)
    if settings:
        layout.add_if_there(settings, "OpenSSL settings")
    if layout.covered(os.path.realpath(folder)):  # no place for a link of ours, but for what its own links lead to
        layout.add_if_there(os.path.dirname(certificates.BUNDLE), "certificates")
    elif bundle:
        layout.link(f"{folder}/cert.pem", certificates.BUNDLE)


def _own(target: Target, programs: list[str]) -> list[str]:
    """The files that hold the interpreter's own code: its binary, and libpython where that is shared."""
    return [target.binary, *(path for path in programs if os.path.basename(path).startswith("libpython"))]
