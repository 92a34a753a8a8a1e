"""What a word contributes before the recurrence: a vector that depends on its type alone."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TypeTensors(NamedTuple):
    """The features of word types, as tensors.

    rows (Tensor): A table row for every column, int64 `(types, columns)`; row 0 is the unknown.
    symbols (Tensor): Spelling, int64 `(types, length)`, padded with 0.
    vectors (Tensor): Static vectors, `(types, vector_width)`.
    is_read (Tensor): Whether the LSTM reads words of the type, bool `(types,)`; it passes over the others.
    """

    rows: Tensor
    symbols: Tensor
    vectors: Tensor
    is_read: Tensor


class WordEmbedding(nn.Module):
    """The embeddings of a word's parts, side by side.

    n_rows (Sequence[int]): Rows of each column's table.
    widths (Sequence[int]): Width of each column's embedding.
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
            nn.init.normal_(table.weight, 0.0, 0.5)  # type: ignore[arg-type]
            nn.init.zeros_(table.weight[0])  # type: ignore[index]
            # Not saved: training alone needs it, and `set_replacement` is called before training.
            self.register_buffer(f"replacement_{i}", None, persistent=False)

    def set_replacement(self, column: int, probability: Tensor) -> None:
        """Set with what probability each row of a column is replaced by the unknown row in training, while
        `replaces_words` is true.

        column (int): The column.
        probability (Tensor): One probability a row, `(rows,)`.
        """
        self.register_buffer(f"replacement_{column}", probability, persistent=False)

    def forward(self, types: TypeTensors) -> Tensor:
        """Embed word types.

        types (TypeTensors): Features.
        RETURNS (Tensor): A vector for every type, `(types, width)`.
        """
        parts = []
        # One draw a type: the columns of a rare word go together, as they do in an unknown one.
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
