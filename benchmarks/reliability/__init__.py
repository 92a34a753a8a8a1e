"""Speed and memory over millions of words."""
