"""Documentation: the pages that are generated from what the code says of itself."""

from uptier.documentation.pages import pages, write_pages

__all__ = ["pages", "write_pages"]
