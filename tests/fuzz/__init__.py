"""Fuzzing: damaged files through the whole engine, and single parts guided by coverage."""
