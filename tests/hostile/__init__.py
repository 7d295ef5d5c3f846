"""Files that strangers would build to exhaust the function, one generator for each bound.

``python -m tests.hostile`` puts each of them alone through the function in the sandbox.
"""
