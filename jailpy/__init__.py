"""Run Python that nobody trusts, as an ordinary user.

The library is imported when a name of it is asked for: the command line would pay 60 ms for what it does not use.
"""

__version__ = "0.1.0"

_HOMES = {
    "run": "library.call",
    "arun": "library.call",
    "Result": "library.result",
    "PluginError": "library.result",
    "JailError": "errors",
    "UsageError": "errors",
    "ProfileError": "errors",
    "HostError": "errors",
    "SetupError": "errors",
}
__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 (they are strings)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__():
    return __all__
