"""What runs of the shipped profiles need, worked out when jailpy is installed: ``python -m jailpy.plan.precompile``.

It is kept beside the package, for all users. Under another kernel than today's each user's own cache takes its place.
"""

from __future__ import annotations

import os

from jailpy.abi.syscalls import ARCHITECTURES
from jailpy.plan import cache, compiled, sources
from jailpy.policy import shipped
from jailpy.policy.compiled import dump, evidence
from jailpy.policy.load import load


def main() -> None:
    """Store the policy and the programs of every shipped profile. Raises OSError where that is not possible."""
    architecture = os.uname().machine
    for name in shipped.GENERATIONS:
        policy = load(name, uid=0, home=None, config_home=None)
        cache.store_installed(sources.place(name), dump(policy), evidence(policy))
        if architecture in ARCHITECTURES:
            for key, programs in compiled.all_programs(policy, architecture):
                cache.store_installed(key, programs, ())


if __name__ == "__main__":
    main()
