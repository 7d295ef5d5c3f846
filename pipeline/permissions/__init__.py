"""IAM policy documents as plain functions of ARNs: who may do what, and why.

The access matrix in ``tests/local`` tries each permission against the embedded AWS, and more than
twenty requests that must be denied.
"""
