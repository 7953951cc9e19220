"""Materials of the film to promote: what each costs once, how people respond, and which channels take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphkit.synthetic.catalogue import FILMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphkit.synthetic.tables import Files

__all__ = ["MATERIAL_HEADER", "make_materials"]

MATERIAL_HEADER = "id kind status name language cost response"

# id, kind, status, name, one-off cost per user of the campaign, response multiplier
_MATERIALS: tuple[tuple[str, str, str, str, float, float], ...] = (
    ("p01", "poster", "approved", "海报", 0.010, 0.85),
    ("p02", "article", "approved", "图文", 0.007, 0.95),
    ("p03", "short_video", "approved", "短视频：结尾反转", 0.030, 1.15),
    ("p04", "short_video", "approved", "短视频：花絮", 0.015, 1.0),
    ("p05", "trailer", "approved", "预告片", 0.050, 1.3),
    ("p06", "live_script", "approved", "直播脚本", 0.012, 1.1),
    ("p07", "trailer", "in_review", "预告片第二版", 0.050, 1.5),
)
_TAKEN: dict[str, tuple[str, ...]] = {
    "kol": ("p02", "p03", "p04"),
    "short_video": ("p03", "p04", "p05", "p07"),
    "social": ("p01", "p02", "p04"),
    "live": ("p03", "p06"),
    "video_site": ("p04", "p05", "p07"),
    "forum": ("p01", "p02"),
    "app": ("p01",),
    "website": ("p01", "p02"),
    "e_commerce": ("p01",),
    "direct": ("p02",),
    "cinema": ("p01", "p05", "p07"),
    "out_of_home": ("p01",),
    "tv": ("p05", "p07"),
}


def make_materials(files: Files, channels: Sequence[tuple[str, str]], n_users: int) -> None:
    """Add `nodes/material` and `relationships/accepts`: the plan chooses one material per channel and pays for making it once.

    One material is still in review: it is the strongest, and no channel may carry it. A response is a factor on the chance that a use of the
    channel exposes somebody. Nothing is drawn; the numbers are the planted truth.

    Parameters
    ----------
    files : Files
        Collected so far.
    channels : sequence of (id, kind)
        Channels in their order.
    n_users : int
        Users of the campaign; costs grow with them, as prices of channels do.
    """
    title = FILMS[0][0]
    rows = [
        (i, kind, status, f"{title} {name}", "zh", float(round(share * n_users, -1)), response)
        for i, kind, status, name, share, response in _MATERIALS
    ]
    files.add("nodes/material", MATERIAL_HEADER, rows)
    files.add(
        "relationships/accepts", "source target", [(channel, i) for channel, kind in channels for i in _TAKEN[kind]]
    )
