"""The rules that every stack keeps, as data; they need nothing but the standard library.

The component (``pipeline/guard.py``), the tests (``tests/infra``) and the policy pack
(``policy/__main__.py``) hold resources against the same list.
"""

from .resource import Resource
from .rule import Rule, violations
from .rules import RULES

__all__ = ["RULES", "Resource", "Rule", "violations"]
