"""Quiets what a program that ends early leaves behind.

Its futures are reported whenever they are collected, with a traceback, whose formatting parses
source: inside another parse, that crashes CPython 3.11 (gh-106905).
"""

import logging

logging.getLogger("asyncio").setLevel(logging.CRITICAL + 1)
