"""Access to AWS: S3 objects, and the signed client for everything that obstore does not do."""
