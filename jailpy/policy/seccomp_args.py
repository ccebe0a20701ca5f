"""What the arguments of a system call must be: from the names of a profile to bits and values.

One argument is given as a value, an array of values, or a table:
``{mask = M, in = […]}`` · ``{none-of = […]}`` · ``{none-of-flags = […]}`` · ``{any-of-flags = […]}``.
A value is a number or the name of a constant.
"""

from __future__ import annotations

from jailpy.abi.arguments import ARGUMENTS
from jailpy.abi.constants import CONSTANTS
from jailpy.model.policy import Condition
from jailpy.policy.problems import did_you_mean
from jailpy.policy.values import found, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Problem = Callable[[str, str], None]  # dotted key, message

EXPECTED = "a value, an array of them, or a table of: mask and in; none-of; none-of-flags; any-of-flags"
UNEQUAL = ("O_DIRECT", "O_DIRECTORY", "O_LARGEFILE", "O_NOFOLLOW", "O_TMPFILE")  # between architectures


def conditions(call: str, table: Mapping[str, object], key: str, problem: Problem) -> tuple[Condition, ...]:
    """The conditions on one call's arguments, in the order of the arguments; faults go to ``problem``."""
    arguments = ARGUMENTS.get(call, ())
    names = [name for name, _ in arguments]
    for name in table:
        if name not in names:
            expected = (
                f"expected an argument of {call} ({', '.join(names)})" if names else f"{call} has no named arguments"
            )
            problem(f"{key}.{shown(name)}", expected + did_you_mean(name, names))
    made = []
    for position, (name, bits) in enumerate(arguments):
        if name in table:
            op, mask, values, text = _Reader(bits, f"{key}.{name}", problem).condition(table[name])
            made.append(Condition(argument=position, name=name, op=op, mask=mask, values=values, text=f"{name} {text}"))
    return tuple(made)


class _Reader:
    """Reads what is said of one argument."""

    def __init__(self, bits: int, key: str, problem: Problem) -> None:
        self.bits = bits
        self.key = key
        self.problem = problem

    def condition(self, said: object) -> tuple[str, int, tuple[int, ...], str]:
        """Operator, mask, values, and the same in words."""
        table = said if type(said) is dict else {"in": said}
        match sorted(table):
            case ["in"]:
                return "in", self.bits, self._values(table["in"], self.bits), f"is {_words(table['in'])}"
            case ["in", "mask"]:
                mask = self._flags(table["mask"])
                text = f"& {_words(table['mask'])} is {_words(table['in'])}"
                return "in", mask, self._values(table["in"], mask), text
            case ["none-of"]:
                return (
                    "not-in",
                    self.bits,
                    self._values(table["none-of"], self.bits),
                    f"is not {_words(table['none-of'])}",
                )
            case ["none-of-flags"]:
                return "in", self._flags(table["none-of-flags"]), (0,), f"is without {_words(table['none-of-flags'])}"
            case ["any-of-flags"]:
                return "not-in", self._flags(table["any-of-flags"]), (0,), f"has {_words(table['any-of-flags'])}"
        self.problem(self.key, f"expected {EXPECTED}")
        return "in", self.bits, (), ""

    def _flags(self, said: object) -> int:
        """One mask out of a flag or an array of them."""
        mask = 0
        for value in self._values(said, self.bits):
            mask |= value
        if not mask:
            self.problem(self.key, "expected at least one bit")
        return mask

    def _values(self, said: object, bits: int) -> tuple[int, ...]:
        """Numbers and names of constants as numbers, each once, in order."""
        items = said if type(said) is list else [said]
        if not items:
            self.problem(self.key, "expected at least one value")
        return tuple(dict.fromkeys(value for item in items if (value := self._value(item, bits)) is not None))

    def _value(self, item: object, bits: int) -> int | None:
        if type(item) is str and item not in CONSTANTS:
            unequal = "; its value depends on the architecture" if item in UNEQUAL else did_you_mean(item, CONSTANTS)
            self.problem(self.key, f"expected the name of a constant, found {found(item)}{unequal}")
            return None
        value = CONSTANTS[item] if type(item) is str else item
        if type(value) is not int or value < 0:
            self.problem(self.key, f"expected a number or the name of a constant, found {found(item)}")
            return None
        if value & ~bits:
            self.problem(self.key, f"expected a value within the bits {bits:#x} that are compared, found {found(item)}")
            return None
        return value


def _words(said: object) -> str:
    """A value, or several of them, as a sentence has it."""
    items = [str(item) for item in said] if type(said) is list else [str(said)]
    return " or ".join((", ".join(items[:-1]), items[-1])) if len(items) > 1 else "".join(items)
