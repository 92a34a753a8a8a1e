# Everything a new machine needs, from Python and git alone: `make demo` or `make test`.

PYTHON ?= python3
VENV := .venv
CONSTRAINTS := constraints.txt
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
MODEL := training/demo

.PHONY: demo test lint pytest mutants build clean

$(INSTALLED): setup.cfg pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[dev]"
	touch $(INSTALLED)

demo: $(INSTALLED)
	$(BIN)/python -m spacy train configs/default.cfg --output $(MODEL) \
		--paths.train corpus/en/train.jsonl --paths.dev corpus/en/dev.jsonl \
		--training.max_steps 700 --training.optimizer.learn_rate.total_steps 700 \
		--training.eval_frequency 100 --training.batcher.batcher.size 256
	$(BIN)/python examples/tag_sentences.py $(MODEL)/model-best corpus/en/test.jsonl

test: lint pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --dist loadfile

mutants: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable ".[dev,mutation]"
	$(BIN)/python tests/mutation.py

build: $(INSTALLED)
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist training packages
