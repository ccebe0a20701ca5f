"""The interpreter-aware root: what a given Python needs to find inside a jail, and nothing else.

Everything is read from files, nothing of the interpreter is executed. ``discover.discover`` is the one entry; its
result can be kept by ``stored.dump`` and ``stored.restore`` for as long as every path in ``evidence`` stays what it
was. What else it depends on is for the keeper's key: the arguments, ``sys._base_executable`` for "auto", and PATH and
the home folder for a version.
"""
