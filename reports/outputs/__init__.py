"""A report as Markdown, a page, a terminal's text, and files."""
