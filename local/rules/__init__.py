"""Rules of AWS that MiniStack (1.5.33) leaves out: without them it allows more than AWS.

Each rule is a small function in the place of one of MiniStack's (``ministack.replaces``); it names
the AWS page that states it, and has a contract test in
``tests/local/test_rules_*.py``. The table of all of them is in docs/run.md.
"""

from importlib import import_module
from pkgutil import iter_modules

from local.rules import ministack


def install() -> None:
    """Make MiniStack follow the rules of every module of this package, in this process."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    ministack.install()
