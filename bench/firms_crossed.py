#!/usr/bin/env python3
"""The whole day of FIRMS detections, each half completed by a model that was trained without that half.

`skywarden complete` runs over all rows twice, once with each model; a half's cells are scored from the run of the model
that saw the other half only. Masks, tolerances and output are those of firms_completion.py.

example, after training (models/README.md) MODEL_1 on Australia and rows 1…6921 of the day and MODEL_2 on Australia and
the others, each with --until 1 --hold-back 0.88 1:
  bench/firms_crossed.py build/release/bin/skywarden ../shared/data MODEL_1 MODEL_2
"""
import argparse
import os
import pathlib
import tempfile

from completion_rules import read_table, show
from firms_completion import MASKS, TABLE, complete, hidden_cells, high_values, score

WITH_MODEL = pathlib.Path(__file__).resolve().parent / "with_model"
FIRST_HALF = 6921  # rows


def completed_by(program, model, rows, cells, mode):
    os.environ["SKYWARDEN"], os.environ["MODEL"] = str(program), str(model)
    with tempfile.TemporaryDirectory() as temporary:
        return read_table(complete(str(WITH_MODEL), rows, cells, mode, pathlib.Path(temporary)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "data", "model_of_first", "model_of_second"):
        parser.add_argument(name, type=pathlib.Path)
    arguments = parser.parse_args()
    rows = read_table(arguments.data / TABLE)
    high = high_values(rows)
    for mode in ("causal", "offline"):
        for mask in MASKS:
            cells = hidden_cells(mask, rows, high)
            first = completed_by(arguments.program, arguments.model_of_second, rows, cells, mode)[:FIRST_HALF]
            second = completed_by(arguments.program, arguments.model_of_first, rows, cells, mode)[FIRST_HALF:]
            show(figure="firms_crossed", mode=mode, mask=mask, **score(rows, first + second, cells))


if __name__ == "__main__":
    main()
