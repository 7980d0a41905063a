"""`python3 -m tests.course.induction_recording`: train the model of notebook 11's recording, and keep its moments.

It takes a minute on one core, and writes `rustgpt_lab/data/induction.npz`.
"""

from rustgpt_lab import bootstrap


def main() -> None:
    from rustgpt_lab.course.induction import record
    from rustgpt_lab.files import atomic_write

    path = bootstrap.ROOT / "rustgpt_lab" / "data" / "induction.npz"
    run = record()
    with atomic_write(path) as file:
        file.write(run.save())
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    for step, loss, share in zip(run.growth.step, run.growth.loss, run.growth.share, strict=True):
        print(f"step {step:>4}: loss {loss:.2f}, {share:.0%} right")


if __name__ == "__main__":
    main()
