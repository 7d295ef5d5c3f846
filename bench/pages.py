"""Reports as pages of HTML that need no script and nothing from elsewhere.

jinja2 is imported when a page is written.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """Return a page.

    Args:
        template: a file's path under ``bench``. All extend ``page.html``, which takes ``title``,
            ``verdict`` (sentences) and ``how`` (text: how it was measured).
        values: what the template takes; text is escaped.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - see above

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
