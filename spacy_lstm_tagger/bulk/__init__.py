"""Bulk tagging: files of any size, in shards that can be resumed."""

from .apply import Summary, tag_files
from .rows import BadRow, Row, TaggedRow
from .tagging import load_pipeline, tag_rows

__all__ = ["BadRow", "Row", "Summary", "TaggedRow", "load_pipeline", "tag_files", "tag_rows"]
