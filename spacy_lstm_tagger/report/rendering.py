"""Shows tagged documents in a notebook, like displaCy: tags below words, colored by confidence."""

from collections.abc import Iterable
from html import escape

from spacy.tokens import Doc, Span, Token
from spacy.util import is_in_jupyter

from ..pipeline.predictions import get_score

_BLOCK = '<div class="lstm-tagger" style="line-height: 1.3; direction: {direction}">{words}</div>'
_WORD = (
    '<span style="display: inline-block; text-align: center; margin: 0.3em 0.2em" title="{title}">'
    "{word}<br>"
    '<small style="background: {background}; color: #111; border-radius: 0.3em; padding: 0.1em 0.4em">'
    "{tag}</small></span>"
)
_NEUTRAL = "#ddd"


def render(docs: Doc | Span | Iterable[Doc | Span], *, jupyter: bool | None = None) -> str | None:
    """Show tagged text: each word above its tag and the confidence in it, in percent. The background of a
    tag goes from red for the least confident to green. Without `store_scores` of the component, tags are
    gray and have no confidence.

    docs (Doc | Span | Iterable[Doc | Span]): What to show.
    jupyter (Optional[bool]): Whether to display it in a notebook; by default, if this runs in one.
    RETURNS (Optional[str]): HTML; None if it was displayed.
    """
    parts = [docs] if isinstance(docs, (Doc, Span)) else docs
    html = "".join(_render_part(part) for part in parts)
    if jupyter or (jupyter is None and is_in_jupyter()):
        from IPython.display import HTML, display

        # As in displaCy, the class keeps MathJax from interpreting tags such as "$".
        display(HTML(f'<span class="tex2jax_ignore">{html}</span>'))
        return None
    return html


def _render_part(part: Doc | Span) -> str:
    direction = part.vocab.writing_system["direction"]
    return _BLOCK.format(direction=direction, words="\n".join(_render_word(token) for token in part))


def _render_word(token: Token) -> str:
    score = get_score(token, "tag")
    return _WORD.format(
        word=escape(token.text),
        # In percent, rounded down: 100 is certain.
        tag=escape(token.tag_) + ("&nbsp;" if score is None else f" {int(100 * score)}"),
        title="" if score is None else f"{100 * score:.1f}%",
        # From red, at 0 degrees, to green.
        background=_NEUTRAL if score is None else f"hsl({round(120 * score)}, 65%, 75%)",
    )
