"""`python -m tests.benchmarks`: measure, and print the tables."""

import argparse
import sys
from importlib import import_module
from pathlib import Path

from rustgpt_lab import bootstrap

SUBJECTS = ["training", "heads", "generation", "files", "quality", "scaling", "reporting", "real_model"]


def main(arguments: list[str]) -> None:
    from . import machine, tables

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "folder",
        nargs="?",
        help="with pretraining_data.json and chat_training_data.json (default: the packaged corpora)",
    )
    parser.add_argument(
        "--only", default=",".join(SUBJECTS[:-1]), help=f"some of: %(default)s,{SUBJECTS[-1]}"
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each configuration is visited")
    parser.add_argument("--quick", action="store_true", help="one thread, nothing compiled by PyTorch")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, too")
    parser.add_argument(
        "--readme",
        action="store_true",
        help=f"put them into README.md, between {tables.START} and {tables.END}",
    )
    options = parser.parse_args(arguments)
    subjects = options.only.split(",")
    if unknown := set(subjects) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")

    before = machine.load()
    found = []
    for subject in subjects:
        for table in import_module(f".{subject}", __package__).tables(
            options.folder, options.rounds, options.quick
        ):
            print(table.text(), flush=True)
            found.append(table)
    about = machine.describe(options.rounds, before)
    print(f"\n{about}")
    markdown = "\n\n".join([*(table.markdown() for table in found), about])
    if options.markdown:
        options.markdown.write_text(markdown + "\n", encoding="utf-8")
    if options.readme:
        tables.rewrite(bootstrap.ROOT / "README.md", markdown)


if __name__ == "__main__":
    main(sys.argv[1:])
