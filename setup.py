"""The one part of the package that is compiled. Everything else is in `setup.cfg`."""

from setuptools import Extension, setup

FOLDER = "spacy_lstm_tagger/networks/prediction"

setup(
    ext_modules=[
        Extension(
            "spacy_lstm_tagger.networks.prediction._kernel",
            [f"{FOLDER}/kernel/kernel.cpp"],
            depends=[f"{FOLDER}/kernel/layer.inc"],
            extra_compile_args=["-O3", "-std=c++17", "-fvisibility=hidden"],
            language="c++",
            optional=True,  # without a compiler, torch's operators predict
        )
    ]
)
