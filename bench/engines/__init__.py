"""The engines that ``bench compare`` sets side by side, each a function from bytes to bodies."""
