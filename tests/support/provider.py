"""The inputs of a resource, as pulumi_aws's own classes have them."""

import importlib
import re
import sys


def inputs_class(type_: str) -> type:
    """Return the class that has a property for each input of a resource type."""
    module, name = re.fullmatch(r"aws:(\w+)/\w+:(\w+)", type_).groups()
    module = "lambda_" if module == "lambda" else module
    resource = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
    classes = vars(sys.modules[resource.__module__])
    # It has the longer name where the shorter one is that of an input of another resource.
    return classes.get(f"{name}InitArgs") or classes[f"{name}Args"]
