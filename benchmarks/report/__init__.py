"""Responsiveness of the HTML report in a browser."""
