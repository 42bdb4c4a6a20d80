"""What a training says of itself where there is no terminal."""

from __future__ import annotations

import io

from gnn.runs.progress import EpochBar, Progress


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def test_lines_tell_stage_epoch_best_and_the_time_left() -> None:
    now, out = [0.0], io.StringIO()
    progress = Progress(True, stream=out, clock=lambda: now[0])
    progress.stage("reading shop")
    now[0] = 12.0
    assert progress.line() == "reading shop: 12 s"
    with EpochBar(10, 4, shown=False, progress=progress) as bar:
        assert progress.line() == "the first epoch: 0 s"
        now[0] = 14.0
        bar.on_epoch_end(4, {"loss": 0.5, "val_accuracy": 0.75})
        # One epoch took two seconds, and there can be five more.
        assert progress.line() == (
            "epoch 5 of at most 10: loss 0.5000, validation accuracy 0.7500, best 0.7500, "
            "at most 10 s left"
        )
        bar.on_epoch_end(5, {"loss": 0.25, "val_accuracy": 0.5})
        assert "validation accuracy 0.5000, best 0.7500, at most 4 s left" in progress.line()
    progress.stage("judging")
    assert out.getvalue() == "judging\n"  # What is over within ten seconds has no lines.


def test_a_thread_says_a_line_whatever_the_training_waits_for() -> None:
    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            done = super().write(text)
            if self.getvalue().count("reading shop") > 2:
                progress._ended.set()  # Enough.
            return done

    out = Stream()
    progress = Progress(True, stream=out, seconds=0.001, clock=lambda: 5.0)
    with progress:
        progress.stage("reading shop")
        assert progress._ended.wait(10)
    assert out.getvalue().startswith("reading shop: 0 s\nreading shop: 0 s\n")


def test_nothing_is_said_on_a_terminal_or_unasked() -> None:
    for shown, stream in ((True, Terminal()), (False, io.StringIO())):
        with Progress(shown, stream=stream, seconds=0.001) as progress:
            progress.stage("reading shop")
        assert stream.getvalue() == ""
