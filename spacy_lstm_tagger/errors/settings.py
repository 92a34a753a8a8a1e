"""The messages about settings."""


class SettingErrors:
    """Templates with codes ``L0``."""

    L001 = (
        "[L001] Invalid value for '{setting}': {value!r}. It must be {expected}. Check the block of "
        "'{block}' in your config."
    )
    L002 = (
        "[L002] Unknown attribute {attr!r} in 'attrs'. A word embedding can use: {supported}. Others are "
        "annotation, which the component may be about to write."
    )
    L003 = (
        "[L003] 'attrs' and 'widths' must have the same length, but there are {attrs} attributes and "
        "{widths} widths. Give every attribute one width."
    )
    L004 = (
        "[L004] The embedding has no parts: name at least one of 'attrs', 'prefix_lengths', "
        "'suffix_lengths', 'characters' or 'include_static_vectors'."
    )
    L005 = (
        "[L005] 'include_static_vectors' is true, but the vocab has no vectors. Load a pipeline with "
        'vectors through [initialize] vectors = "...", or set include_static_vectors = false.'
    )
    L006 = (
        "[L006] Streaming needs a one-directional LSTM inside the component: a backward LSTM starts at "
        "the end of the text, and a listener has no state. Use 'spacy-lstm-tagger.LSTMTok2Vec.v1' with "
        "bidirectional = false, and retrain."
    )
    L007 = (
        "[L007] The model of component '{name}' is '{model}', which has no decoder. Use the architecture "
        "'spacy-lstm-tagger.LSTMTagger.v1': copy its blocks from configs/default.cfg. If you replaced "
        "spaCy's tagger in a config, delete its [components.{name}.model] blocks as well."
    )
    L008 = (
        "[L008] The state is for {found} texts, but there are {expected} documents. Pass the next piece "
        "of every text, in the same order, in every call."
    )
    L009 = (
        "[L009] The vectors have width {found}, but the decoder was built for {expected}. If they come "
        "from a listener, its 'width' must be that of the tok2vec component: twice the LSTM's width if "
        "it is bidirectional."
    )
    L010 = (
        "[L010] The label {label!r} does not follow the scheme {scheme!r}. With constraints = {scheme!r} "
        "every label of 'spacy-lstm-tagger.CRF.v1' must be 'O', or a prefix of the scheme, '-' and the "
        'name of a slot, such as \'B-city\'. Correct the data, or set constraints = "none" or "seen".'
    )
    L011 = (
        "[L011] label_smoothing of component '{name}' is {value}, but its decoder, '{decoder}', does not "
        "support it. Set label_smoothing = 0.0, or use 'spacy-lstm-tagger.Softmax.v1'."
    )
    L012 = (
        "[L012] Component '{name}' can't tag a stream: its decoder, '{decoder}', needs the whole text. "
        "Retrain with 'spacy-lstm-tagger.Softmax.v1', or pass whole texts to `predict`."
    )
    L013 = (
        "[L013] 'members' of the decoder is {found}, but its tok2vec layer has {expected}. Leave "
        "'members' of the decoder out: it is inferred."
    )
    L014 = (
        "[L014] precision = 'bfloat16' needs a processor with bfloat16 instructions (on x86 AVX512-BF16 "
        'or AMX, on ARM BF16), and this machine\'s {device} has none. Set precision = "float32" for '
        "'spacy-lstm-tagger.LSTMTok2Vec.v1', in the config or when loading: spacy.load(path, "
        'config={{"components.NAME.model.tok2vec.precision": "float32"}}).'
    )
