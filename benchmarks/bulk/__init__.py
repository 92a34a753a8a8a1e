"""Bulk tagging: workers, engines and memory."""
