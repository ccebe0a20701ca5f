"""The argument vector that a program is started with."""

from __future__ import annotations

from jailpy.errors import ProfileError
from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter
from jailpy.model.policy import Policy
from jailpy.plan import group, narrowing, plugin
from jailpy.plan.intake import Program

CONFIRM = "{confirm}"  # stands for the descriptor on which the bootstrap says that it has narrowed
TRACE = "{trace}"  # for the one to which it lets tracebacks be written
_MODULE = (
    "import sys, runpy; sys.path.insert(0, '/plugin'); sys.argv[:] = sys.argv[1:];"
    " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def command(program: Program, policy: Policy, interpreter: Interpreter, host: Host) -> tuple[str, ...]:
    """argv; the first word is looked up in the jail's PATH when it has no slash. Raises ProfileError."""
    narrow = narrowing.is_narrow(policy.seccomp)
    if program.kind == "program":
        if narrow:
            message = f"the profile {policy.name} forbids exec or fork, so only Python can be run under it"
            raise ProfileError(message, hint="use jailpy run, or a profile that allows both")
        return (program.what, *program.arguments)
    python = (interpreter.executable, "-I", *(("-u",) if host.tty else ()))
    traced = group.is_traced(policy, host)
    if narrow or traced:
        from jailpy.abi.syscalls import ARCHITECTURES

        number = str(ARCHITECTURES[host.architecture]["seccomp"])
        narrower = (CONFIRM, number, narrowing.PROGRAM) if narrow else ("-", "-", "-")
        start = ("-S", narrowing.BOOTSTRAP, *narrower, TRACE if traced else "-", program.kind)
        return (*python, *start, program.what, *program.arguments)
    if program.kind in ("file", "code"):
        return (*python, *plugin.words(program))
    if any(share.tree.target == "/plugin" for share in program.shares):
        return (*python, "-c", _MODULE, program.what, *program.arguments)
    return (*python, "-m", program.what, *program.arguments)
