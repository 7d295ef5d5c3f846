"""The Pulumi program's parts: each file is a part of the diagram in docs/how-it-works.md."""
