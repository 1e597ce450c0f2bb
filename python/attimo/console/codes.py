"""QR codes, as SVG in the page."""

from markupsafe import Markup

LARGEST = 2_953
"""The bytes that the largest QR code has, with the least correction (ISO/IEC 18004)."""


def picture(text: str) -> Markup | None:
    """The QR code of a text; None if it is too long for one."""
    import segno  # what nobody asks for takes no memory

    if len(text) > LARGEST:
        return None
    made = segno.make(text, error="l", boost_error=False, micro=False)
    return Markup(made.svg_inline(svgclass=None, lineclass=None, omitsize=True))  # noqa: S704
