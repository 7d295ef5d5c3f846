"""Every setting at its default, for tests that state theirs over these.

The stacks' files are their users' to edit; no test may rest on what they say.
"""

import yaml

from local.program import ROOT, full_key

_DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
DEFAULTS = {full_key(key): declared["default"] for key, declared in _DECLARED.items()} | {
    full_key("renditions"): None
}
PROD = DEFAULTS | {full_key("uploads"): "presigned", full_key("delivery"): "cdn"}
"""Settings that the tests of a private stack rest on."""
