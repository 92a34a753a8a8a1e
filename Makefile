# Everything a new machine needs, from Python and git alone: `make demo` or `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
MODEL := training/demo

.PHONY: demo test build clean

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/python -m spacy train configs/demo.cfg --output $(MODEL)
	$(BIN)/python -m spacy benchmark accuracy $(MODEL)/model-best corpus/en/test.jsonl
	$(BIN)/python -m spacy_lstm_tagger.demo $(MODEL)/model-best

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

build: $(INSTALLED)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist training packages
