"""What people write about products, made safe."""

import nh3


def safe_html(html: str) -> str:
    """The HTML without anything that could run or break out: what a description may hold."""
    return nh3.clean(html)
