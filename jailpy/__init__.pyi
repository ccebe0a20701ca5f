# What type checkers see of __init__.py, which imports nothing before it is asked for.

from jailpy.errors import HostError, JailError, ProfileError, SetupError, UsageError
from jailpy.library.call import arun, run
from jailpy.library.result import PluginError, Result

__all__ = [
    "HostError", "JailError", "PluginError", "ProfileError", "Result", "SetupError", "UsageError", "__version__",
    "arun", "run",
]  # fmt: skip

__version__: str
