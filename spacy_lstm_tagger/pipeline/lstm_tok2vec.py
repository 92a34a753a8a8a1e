"""The trainable component `lstm_tok2vec`: one LSTM that several components listen to."""

from collections.abc import Iterable, Mapping
from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors, LSTMTaggerValueError
from ..vocabulary import VocabularyData
from .defaults import DEFAULT_TOK2VEC_MODEL
from .hints import suggest_settings
from .labeler import GetExamples
from .saving import SavedComponent


@Language.factory("lstm_tok2vec", assigns=["doc.tensor"], default_config={"model": DEFAULT_TOK2VEC_MODEL})
def make_lstm_tok2vec(nlp: Language, name: str, model: Model[list[Doc], list[Floats2d]]) -> "LSTMTok2Vec":
    """Create the component.

    model (Model[List[Doc], List[Floats2d]]): `spacy-lstm-tagger.LSTMTok2Vec.v1`, an ensemble of these, or
        any other tok2vec layer.
    """
    return LSTMTok2Vec(nlp.vocab, model, name)


class LSTMTok2Vec(SavedComponent, Tok2Vec):
    """Gives every token a vector, in `doc.tensor`. Everything that spaCy's `Tok2Vec` does, this does the
    same way. But its tables are fitted on all training documents, not hashed.
    """

    def __init__(self, vocab: Vocab, model: Model[list[Doc], list[Floats2d]], name: str = "lstm_tok2vec"):
        """Create the component. The arguments are those of spaCy's `Tok2Vec`."""
        super().__init__(vocab, model, name)

    @property
    def label_data(self) -> dict[str, VocabularyData] | None:
        """RETURNS (Optional[Dict[str, VocabularyData]]): The vocabulary, for `initialize(labels=...)`."""
        from ..models.tok2vec import get_vocabulary  # imports torch

        vocabulary = get_vocabulary(self.model)
        return {"vocabulary": vocabulary} if vocabulary else None

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Mapping[str, Any] | None = None,
    ) -> None:
        """Fit the vocabulary on all examples, and create new weights. Without examples, as `spacy pretrain`
        initializes a pipeline, tables are hashed.

        get_examples (Callable[[], Iterable[Example]]): Gives the training examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Mapping[str, Any]]): What `label_data` or `python -m spacy init labels` gave;
            or "words" of raw text with their counts, that tables are fitted on besides the examples.
        RAISES (LSTMTaggerValueError): If `labels` is something else.
        """
        from ..models import tok2vec  # imports torch

        validate_get_examples(get_examples, "LSTMTok2Vec.initialize")
        suggest_settings(nlp)
        data = labels if isinstance(labels, Mapping) else {}
        is_valid = any(isinstance(data.get(part), Mapping) for part in ("vocabulary", "words"))
        if labels is not None and not is_valid:
            raise LSTMTaggerValueError(Errors.L113.format(name=self.name, found=type(labels).__name__))
        if "vocabulary" in data:
            tok2vec.set_vocabulary(self.model, data["vocabulary"])
        elif not _are_dummies(get_examples()):
            tok2vec.fit_vocabulary(
                self.model, lambda: (example.predicted for example in get_examples()), data.get("words")
            )
        super().initialize(get_examples, nlp=nlp)


def _are_dummies(examples: Iterable[Example]) -> bool:
    """RETURNS (bool): Whether there is a single example, the one `nlp.initialize()` makes without data."""
    found = [
        [token.text for token in example.predicted] for _, example in zip(range(2), examples, strict=False)
    ]
    return found == [["x", "y", "z"]]
