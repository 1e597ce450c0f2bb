"""Tables of the page of figures, and how a figure is written."""

NOT_MEASURED = "not measured"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Rows below the names of columns."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rounded(value: float) -> str:
    """Three digits that say something, without an exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"
