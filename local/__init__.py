"""The embedded AWS: runs the unchanged Pulumi program on this machine, with IAM enforced."""
