"""From sorted files to a layout: one long file, one wide file, one file, or several files for several waves."""

from __future__ import annotations

from collections.abc import Sequence

from increase_eval.intake.drafting.layout import Layout, SortedFile
from increase_eval.intake.drafting.long_file import arrange_long, long_of
from increase_eval.intake.drafting.wave_files import arrange_waves, marks_of
from increase_eval.intake.drafting.waves import Mark, wide_waves
from increase_eval.intake.drafting.wide_file import arrange_wide


def arrange(files: Sequence[SortedFile]) -> Layout:
    """Lay a contract out over some files.

    Parameters
    ----------
    files
        The files, sorted; those of several waves in any order.

    Returns
    -------
    Layout
        Everything guessed, and the questions that are left.
    """
    long = next((found for one in files if (found := long_of(one))), None)
    if long is not None:
        return arrange_long(files, *long)
    if len(files) == 1:
        marked = wide_waves(files[0].usable().values())
        return arrange_wide(files[0], marked) if marked else arrange_waves(files, [Mark(1, "t", "t1")])
    return arrange_waves(files, marks_of(files))
