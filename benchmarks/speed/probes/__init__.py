"""Processes that measure one thing each, and print it as a line of JSON."""
