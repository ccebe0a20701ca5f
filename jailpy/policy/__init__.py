"""Profiles: found, trusted, read, inherited, merged and checked, without a look at what this host can do.

Callers import the modules: ``load.load`` reads a profile, ``override.override`` applies what the command line
asks, ``compiled.dump`` and ``compiled.restore`` keep a Policy between runs. None of them but ``load`` needs tomllib.
"""
