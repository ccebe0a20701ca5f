"""For those who write profiles: what one says in effect, what is wrong with it, and how two of them differ.

Callers import the modules. Nothing here is part of a run, and nothing but ``shelf`` and ``places`` looks at a host.
"""
