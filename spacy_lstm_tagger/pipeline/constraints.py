"""Report annotation that the constraints of a decoder forbid: nothing is learned from it."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spacy.training import Example

from ..errors import Warnings
from ..ragged import Ragged, split
from .labels import GoldLabels

if TYPE_CHECKING:
    from ..models.labeling import LabelingModel


class ForbiddenAnnotation:
    """Warns of forbidden annotation, once for a component.

    name (str): The component's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_reported = False

    def report_all(self, network: "LabelingModel", examples: Sequence[Example], gold: GoldLabels) -> None:
        """Warn of what the training data has."""
        if forbidden := network.find_forbidden(*gold):
            self.is_reported = True
            text, n, n_docs = examples[forbidden[0]].reference.text[:60], len(forbidden), len(examples)
            scheme = network.constraints
            message = Warnings.W002.format(name=self.name, scheme=scheme, n=n, n_docs=n_docs, text=text)
            warnings.warn(message, stacklevel=3)

    def report_once(
        self, network: "LabelingModel", examples: Sequence[Example], gold: GoldLabels, d_scores: Ragged
    ) -> None:
        """Warn of what a component is updated with.

        d_scores (Ragged): The gradient of its scores, `(tokens, labels)`: 0 for forbidden documents.
        """
        if self.is_reported or network.constraints == "none":
            return
        if all(gradient.any() or not len(gradient) for gradient in split(d_scores)):
            return
        if forbidden := network.find_forbidden(*gold):
            self.is_reported = True
            text = examples[forbidden[0]].reference.text[:60]
            message = Warnings.W004.format(name=self.name, scheme=network.constraints, text=text)
            warnings.warn(message, stacklevel=4)
