"""IAM policy documents as plain functions of ARNs: who may do what, and why.

The access matrix in ``tests/local`` tries each of them for real, and more than twenty things that
they must not allow.
"""
