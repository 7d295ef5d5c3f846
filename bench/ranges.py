"""Ranges of the bench's options, beyond which figures mean nothing or overflow to ``inf``."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Images = Annotated[float, Parameter(validator=Number(gte=1, lte=1e12))]
"""Images of a month or a burst; the most is our choice: 125 for each human being."""

Milliseconds = Annotated[float, Parameter(validator=Number(gte=1, lte=900_000))]
"""Of one image: Lambda bills whole ms ("AWS Lambda Pricing", read 2026-11-27), and an invocation
takes at most 900 s ("Lambda quotas", Lambda developer guide, read 2026-11-27)."""

Views = Annotated[float, Parameter(validator=Number(gte=0, lte=1e6))]
"""Times that each image is fetched; the most is our choice."""

Share = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]
"""A part of a whole, which is 1."""

Months = Annotated[float, Parameter(validator=Number(gte=1, lte=1200))]
"""Months of images that are stored; the most is our choice."""
