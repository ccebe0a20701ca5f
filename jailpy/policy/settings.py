"""From the table of a profile to settings that have been checked one by one, with every fault noted."""

from __future__ import annotations

from jailpy.policy import schema
from jailpy.policy.shipped import GENERATIONS
from jailpy.policy.values import UnfitError, found, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpy.policy.document import Document
    from jailpy.policy.problems import Problems
    from jailpy.policy.values import Check

OUTPUT = {"size": "limits.output", "then": "limits.output.then"}  # output = "16M", or a table of these


class Settings:
    """What one file sets: ``values`` has dotted key → checked value."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.problems = problems
        self.values: dict[str, object] = {}
        self._top(document.table)
        for table, content in document.table.items():
            if table in schema.TABLES:
                self._table(table, content)
            elif table not in schema.TOP:
                self._unknown(table, schema.TOP)

    def _top(self, table: dict[str, object]) -> None:
        version = table.get("schema")
        if type(version) is not int or version != schema.SCHEMA:
            self._unfit("schema", version, UnfitError(str(schema.SCHEMA), found="nothing" if version is None else ""))
        if "name" in table:
            self._check("name", table["name"], schema.profile_name)
        name = self.values.pop("name", None)  # the file's own: heirs do not inherit it
        if name in GENERATIONS and not self.document.shipped:
            self._problem("name", f"{found(name)} is the name of a profile that comes with jailpy")

    def _table(self, table: str, content: object) -> None:
        if type(content) is not dict:
            self._unfit(table, content, UnfitError("a table"))
            return
        for name, value in content.items():
            key = f"{table}.{name}"
            if key == "process.env":
                self._variables(value)
            elif key == "seccomp.args":
                self._calls(value)
            elif key == "limits.output" and type(value) is dict:
                self._output(value)
            elif key in schema.SETTINGS and "." not in name:
                self._check(key, value, schema.SETTINGS[key].check)
            else:
                self._unknown(key, schema.keys_of(table))
            if key in schema.UNSUPPORTED and self.values.get(key):
                self._problem(key, "not supported by this version of jailpy")

    def _output(self, content: dict[str, object]) -> None:
        for name, value in content.items():
            if name in OUTPUT:
                self._check(OUTPUT[name], value, schema.SETTINGS[OUTPUT[name]].check)
            else:
                self._unknown(f"limits.output.{name}", [f"limits.output.{known}" for known in OUTPUT])

    def _variables(self, content: object) -> None:
        if type(content) is not dict:
            self._unfit("process.env", content, UnfitError("a table of variables"))
            return
        for name, value in content.items():
            key = f"process.env.{name}"
            try:
                schema.env_name(name)
            except UnfitError as unfit:
                self._unfit(key, name, unfit)
            else:
                self._check(key, value, schema.env_value)

    def _calls(self, content: object) -> None:
        if type(content) is not dict:
            self._unfit("seccomp.args", content, UnfitError("a table of system calls"))
            return
        for call, arguments in content.items():
            key = f"seccomp.args.{call}"
            if not schema.is_word(call):
                self._unfit(key, call, UnfitError("the name of a system call"))
            elif type(arguments) is not dict:
                self._unfit(key, arguments, UnfitError("a table of arguments"))
            else:
                self._arguments(key, arguments)

    def _arguments(self, call: str, arguments: dict[str, object]) -> None:
        for name, value in arguments.items():
            if name == "else":
                self._check(f"{call}.else", value, schema.errno_name)
            elif schema.is_word(name):
                self._check(f"{call}.{name}", value, schema.condition)
            else:
                self._unfit(f"{call}.{name}", name, UnfitError('the name of an argument, or "else"'))

    def _check(self, key: str, value: object, check: Check) -> None:
        try:
            self.values[key] = check(value)
        except UnfitError as unfit:
            self._unfit(key, value, unfit)

    def _unfit(self, key: str, value: object, unfit: UnfitError) -> None:
        self.problems.unfit(self.document.path, self.document.line(key), key, value, unfit)

    def _unknown(self, key: str, options: Iterable[str]) -> None:
        self.problems.unknown(self.document.path, self.document.line(key), key, options)

    def _problem(self, key: str, message: str) -> None:
        self.problems.add(self.document.path, self.document.line(key), shown(key), message)
