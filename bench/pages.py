"""Reports as pages of HTML that need no script and nothing from elsewhere."""

from pathlib import Path


def render(template: str, **values: object) -> str:
    """Return a page.

    Args:
        template: a file's path under ``bench``. All extend ``page.html``, which takes ``title``,
            ``verdict`` (sentences) and ``how`` (text: how it was measured).
        values: what the template takes; text is escaped.
    """
    # Imported here because most commands write no page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
