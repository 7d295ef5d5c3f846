"""S3 Batch Operations in the embedded AWS: jobs that invoke a function for each object.

``local/rules/batch_operations.py`` is its API; a job acts over HTTP with its role's permissions.
"""
