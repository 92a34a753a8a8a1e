"""Word embeddings: what a word contributes before the recurrence, from its type alone."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TypeTensors(NamedTuple):
    """The features of word types, as tensors.

    rows (Tensor): A table row for every feature, int64 `(types, features)`; row 0 is for unknown strings.
    symbols (Tensor): Spelling, int64 `(types, length)`, padded with 0.
    vectors (Tensor): Static vectors, `(types, vector_width)`.
    is_read (Tensor): Whether the LSTM reads words of the type, bool `(types,)`; it skips the others.
    """

    rows: Tensor
    symbols: Tensor
    vectors: Tensor
    is_read: Tensor


class WordEmbedding(nn.Module):
    """The embeddings of a word's features, concatenated.

    n_rows (Sequence[int]): Rows of each feature's table.
    widths (Sequence[int]): Width of each feature's embedding.
    characters (Optional[nn.Module]): Encodes the spelling; has the attribute `width`.
    vector_width (int): Width of the static vectors; 0 for none.
    projected_width (int): The static vectors are projected to this width.
    """

    def __init__(
        self,
        n_rows: Sequence[int],
        widths: Sequence[int],
        *,
        characters: nn.Module | None = None,
        vector_width: int = 0,
        projected_width: int = 0,
    ) -> None:
        super().__init__()
        self.tables = nn.ModuleList(
            nn.Embedding(rows, width, sparse=True, _weight=torch.empty(rows, width))
            for rows, width in zip(n_rows, widths, strict=True)
        )
        self.characters = characters
        self.static = nn.Linear(vector_width, projected_width, bias=False) if vector_width else None
        self.width = sum(widths) + (projected_width if vector_width else 0)
        if characters is not None:
            self.width += int(characters.width)  # type: ignore[arg-type]
        self.replaces_words = True
        for i, table in enumerate(self.tables):
            # Small enough that the context can decide the label of a word that was never labeled.
            nn.init.normal_(table.weight, 0.0, 0.3)  # type: ignore[arg-type]
            nn.init.zeros_(table.weight[0])  # type: ignore[index]
            # Not saved: only training needs it, and `set_replacement` is called before training.
            self.register_buffer(f"replacement_{i}", None, persistent=False)

    def set_replacement(self, feature: int, probability: Tensor) -> None:
        """Set the probability with which each row of a table is replaced by row 0 in training, while
        `replaces_words` is true.

        feature (int): The index of the feature.
        probability (Tensor): One probability per row, `(rows,)`.
        """
        self.register_buffer(f"replacement_{feature}", probability, persistent=False)

    def forward(self, types: TypeTensors) -> Tensor:
        """Embed word types.

        types (TypeTensors): Features.
        RETURNS (Tensor): One vector per type, `(types, width)`.
        """
        parts = []
        # One draw per type: all features of a rare word are replaced together, as in an unknown word.
        is_replacing = self.training and self.replaces_words
        draw = torch.rand(len(types.rows), device=types.rows.device) if is_replacing else None
        for i, table in enumerate(self.tables):
            rows = types.rows[:, i]  # (types,)
            replacement: Tensor | None = getattr(self, f"replacement_{i}")
            if draw is not None and replacement is not None:
                rows = rows.masked_fill(draw < replacement[rows], 0)
            parts.append(table(rows))  # (types, widths[i])
        if self.characters is not None:
            parts.append(self.characters(types.symbols))
        if self.static is not None:
            parts.append(self.static(types.vectors))
        return torch.cat(parts, dim=1)
