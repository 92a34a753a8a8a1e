"""The messages about distillation."""


class DistillationErrors:
    """Templates with codes ``L47``."""

    L470 = (
        "[L470] The teacher's pipeline annotates nothing that can be learned: no tags, parts of speech, "
        "morphology, lemmas or entities; it has: {pipeline}. Choose a trained pipeline, or let a component "
        'of your own say what it assigns: @Language.component("name", assigns=["token.tag"]).'
    )
    L471 = (
        "[L471] The teacher merged or split words of the text that starts with {text!r}, so the student "
        "can't learn them. Use a pipeline without the component that does this, such as merge_entities."
    )
    L472 = (
        "[L472] There are no soft labels in {folder}. Write them: python -m spacy lstm-tagger distill "
        "TEACHER CONFIG --raw RAW --output OUTPUT."
    )
    L473 = (
        "[L473] Can't read the soft labels {path}: {reason}. Remove the file, and run the command that "
        "wrote it again."
    )
    L474 = (
        "[L474] The soft labels {path} are of other texts than {other}, so they can't be averaged. Let all "
        "teachers read the same raw text, with the same student."
    )
    L475 = (
        "[L475] No component of the student ({student}) has one for the same annotation among those of the "
        "teacher ({teacher}). Name pairs with student_to_teacher."
    )
    L476 = (
        "[L476] The soft labels teach none of the components ({pipeline}), but: {taught}. Choose a teacher "
        "that assigns what they learn, or add a component for it."
    )
    L477 = (
        "[L477] No soft labels are given. Set [paths] soft_labels to what `python -m spacy lstm-tagger "
        "distill` wrote, or train with that command."
    )
    L478 = (
        "[L478] The config {path} does not learn from soft labels. Use configs/distill.cfg, or copy its "
        "block [training.before_update] into yours."
    )
    L479 = (
        "[L479] Component '{name}' has none of the labels that the teacher finds most probable, such as "
        "{labels}; its own are {known}, for example. Choose a teacher with the same labels; for CoNLL-U, "
        "check that both were trained on the same column."
    )
