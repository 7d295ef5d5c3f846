"""The Pulumi program's parts: each file is a noun on the README's diagram."""
