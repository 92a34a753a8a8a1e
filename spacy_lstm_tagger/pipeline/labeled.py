"""Components that have labels, which are what their model scores, or what that is made from."""

from collections.abc import Iterable
from typing import Any

from spacy.errors import Errors as SpacyErrors
from spacy.vocab import Vocab

from ..errors import LSTMTaggerValueError
from .saving import SavedComponent


class LabeledComponent(SavedComponent):
    """A component with labels. A subclass overrides `labels` and `add_label` if users see other labels than
    those that the model scores.
    """

    vocab: Vocab

    @property
    def labels(self) -> tuple[Any, ...]:
        """RETURNS (Tuple[str, ...]): The labels."""
        return self.outputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, ...]): What the model scores, in the order of its outputs."""
        return tuple(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label. A network that was initialized cannot be resized.

        label (str): The label.
        RETURNS (int): 0 if it is present already, otherwise 1.
        RAISES (ValueError): If it is not a string, or the network has its final size.
        """
        if not isinstance(label, str):
            raise LSTMTaggerValueError(SpacyErrors.E187)
        return self._add_output(label)

    def _add_labels(self, labels: Iterable[str]) -> None:
        for label in labels:
            self.add_label(label)

    def _add_output(self, label: str) -> int:
        if label in self.cfg["labels"]:
            return 0
        self._allow_extra_label()
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1
