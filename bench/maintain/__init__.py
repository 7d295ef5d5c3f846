"""Measurements that hold our own figures and limits: for maintainers."""
