"""The messages about reports."""


class ReportErrors:
    """Templates with codes ``L5``."""

    L501 = "[L501] A report needs Plotly. Install it: pip install 'spacy-lstm-tagger[report]'."
    L502 = (
        "[L502] No word of {data} has a gold tag, so there is nothing to evaluate. Use annotated data; "
        "for CoNLL-U, choose the column that has tags with --tag."
    )
    L503 = (
        "[L503] The pipeline gave no word a tag; its components are: {pipeline}. Use one that has a tagger."
    )
    L504 = (
        "[L504] {path}, line {number} is not a line of a training log: {reason}. Give what the training "
        "printed, with its table, or the JSONL file that the output_file of 'spacy.ConsoleLogger.v3' "
        "names."
    )
    L505 = "[L505] The training log {path} is empty. Wait for the first evaluation, or leave --log out."
    L506 = "[L506] A report is an HTML page, so {path} must end in .html. Rename it."
    L507 = (
        "[L507] The pipeline merges or splits the words of {text!r}, so its tags can't be aligned with "
        "the gold ones. Use a pipeline without the component that does, such as merge_entities."
    )
