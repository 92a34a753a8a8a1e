"""Lists the subjects and what each measures: `python -m benchmarks`."""

from importlib import import_module
from pathlib import Path

for command in sorted(Path(__file__).parent.glob("*/__main__.py")):
    module = f"benchmarks.{command.parent.name}"
    print(f"python -m {module:24} {import_module(module).__doc__}")
