"""Record: a NamedTuple that costs nothing to import.

``typing`` takes 8 ms of a start that should take 20, so the records that cross packages are built by
this metaclass instead; type checkers see ``typing.NamedTuple``. Build records by keyword, read them by
name, never by index.
"""

from __future__ import annotations

from _collections import _tuplegetter  # what collections.namedtuple itself uses for its fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:

    class _RecordType(type):
        def __new__(mcs, name, bases, body):
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            body.update({field: _tuplegetter(index, "") for index, field in enumerate(fields)})
            body.update(_fields=fields, _defaults=defaults, __slots__=())
            return super().__new__(mcs, name, bases, body)

    class Record(tuple, metaclass=_RecordType):
        def __new__(cls, *args, **values):
            fields = cls._fields
            if not args and len(values) == len(fields):
                try:
                    return tuple.__new__(cls, [values[field] for field in fields])
                except KeyError:
                    pass  # one is not known
            given = cls._defaults | dict(zip(fields, args, strict=False)) | values  # positions are for restoring only
            if len(given) == len(fields) >= len(args):
                try:
                    return tuple.__new__(cls, [given[field] for field in fields])
                except KeyError:
                    pass  # one is missing and another is not known
            missing = ", ".join(field for field in fields if field not in given)
            unknown = ", ".join(field for field in given if field not in fields)
            raise TypeError(f"{cls.__name__}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}")

        @classmethod
        def _make(cls, values):  # for restoring what was stored: positions, all of them
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__}: {len(made)} values for {len(cls._fields)} fields")
            return made

        def _replace(self, **values):
            return type(self)(**{**self._asdict(), **values})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"

        def __getnewargs__(self):
            return tuple(self)
