"""What the function reads and writes at AWS: S3 objects, and the client beneath the index."""
