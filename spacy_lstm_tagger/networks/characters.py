"""A word's vector from its spelling."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CharacterCNN(nn.Module):
    """Convolutions over a word's symbols, the maximum of each filter (dos Santos & Zadrozny 2014, §2.1.2).

    There are few symbols, so the contribution of each symbol to each filter at each position of the window
    is computed once, `(window * symbols, filters)`, and a convolution is a sum of `window` looked-up rows.
    Padding is not computed at all.

    n_symbols (int): Number of symbols, including the padding, 0.
    symbol_width (int): Width of a symbol's embedding.
    filters (int): Filters of each window.
    windows (Sequence[int]): Window sizes, odd numbers.
    """

    def __init__(
        self,
        n_symbols: int,
        symbol_width: int,
        filters: int,
        windows: Sequence[int] = (3,),
    ) -> None:
        super().__init__()
        self.width = filters * len(windows)
        self.symbols = nn.Embedding(n_symbols, symbol_width, padding_idx=0)
        # Small initial values, so that a word's spelling does not drown out its context.
        nn.init.normal_(self.symbols.weight, 0.0, 0.15)
        nn.init.zeros_(self.symbols.weight[0])
        self.convolutions = nn.ModuleList(nn.Conv1d(symbol_width, filters, window) for window in windows)
        for convolution in self.convolutions:
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type] # or some filters would start out silent

    def forward(self, symbols: Tensor) -> Tensor:
        """Encode words.

        symbols (Tensor): Symbol ids padded with 0, int64 `(words, length)`.
        RETURNS (Tensor): A vector for each word, `(words, width)`. A word without symbols gets zeros.
        """
        if not len(symbols):
            return self.symbols.weight.new_zeros(0, self.width)
        is_symbol = symbols != 0  # (words, length)
        lengths = is_symbol.sum(1)
        pooled = [self._convolve(conv, symbols, is_symbol, lengths) for conv in self.convolutions]
        return torch.cat(pooled, dim=1)

    def _convolve(self, conv: nn.Module, symbols: Tensor, is_symbol: Tensor, lengths: Tensor) -> Tensor:
        assert isinstance(conv, nn.Conv1d)
        assert conv.bias is not None
        (window,) = conv.kernel_size
        vectors = self.symbols(torch.arange(self.symbols.num_embeddings, device=symbols.device))
        table = torch.einsum("vs,fsk->kvf", vectors, conv.weight).flatten(0, 1)
        padded = F.pad(symbols, (window // 2, window // 2))
        windows = padded.unfold(1, window, 1)[is_symbol]  # (symbols of all words, window)
        offsets = torch.arange(window, device=symbols.device) * self.symbols.num_embeddings
        filtered = F.embedding_bag(windows + offsets, table, mode="sum")  # (symbols of all words, filters)
        active = torch.relu(filtered + conv.bias)
        return torch.segment_reduce(active, "max", lengths=lengths, axis=0, initial=0.0)
