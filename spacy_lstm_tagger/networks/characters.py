"""A word's vector from its spelling."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class CharacterCNN(nn.Module):
    """Convolutions over a word's bytes, the maximum of each filter (dos Santos & Zadrozny 2014, §2.2).

    n_symbols (int): Symbols with the padding, which is 0.
    symbol_width (int): Width of a symbol's embedding.
    filters (int): Filters of each window.
    windows (Sequence[int]): Window sizes, odd numbers.
    """

    def __init__(
        self, n_symbols: int, symbol_width: int, filters: int, windows: Sequence[int] = (3,)
    ) -> None:
        super().__init__()
        self.width = filters * len(windows)
        self.symbols = nn.Embedding(n_symbols, symbol_width, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(symbol_width, filters, window, padding=window // 2) for window in windows
        )

    def forward(self, symbols: Tensor) -> Tensor:
        """Encode words.

        symbols (Tensor): Symbol ids padded with 0, int64 `(words, length)`.
        RETURNS (Tensor): A vector for each word, `(words, width)`. The padding has no influence.
        """
        if symbols.shape[0] == 0:
            return self.symbols.weight.new_zeros(0, self.width)
        padding = (symbols == 0)[:, None, :]  # (words, 1, length)
        embedded = self.symbols(symbols).transpose(1, 2)  # (words, symbol_width, length)
        pooled = [
            # After the rectifier nothing is below zero: padding set to zero never wins.
            torch.relu(convolution(embedded)).masked_fill(padding, 0.0).amax(dim=2)
            for convolution in self.convolutions
        ]
        return torch.cat(pooled, dim=1)
