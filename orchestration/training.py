"""Training the student heads from the command line: the encoder and its cache of this installation, a bar, a card."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from orchestration.progress import display, work
from orchestration.resources.installation import Installation
from orchestration.settings import SettingsError


def train_heads(
    installation: Installation, labels: Path, out: Path | None, page: tuple[Path, Path] | None = None
) -> None:
    """Train on a labelled file, and a labelled page if one is given, and write heads and card.

    Raises:
        SettingsError: A file is not there.
    """
    from assets.enrichment.embedding import Encoder
    from assets.enrichment.training import train

    for path in (labels, *(page or ())):
        if not path.is_file():
            raise SettingsError(f"{path} is no file: name the labelled texts (JSON lines; LABELS may be .gz).")
    folder = out or installation.settings.home / "student"
    with display(), work("encoding and training"):
        train(labels, Encoder(installation.model), folder, page=page)
    Console().print(Text((folder / "CARD.md").read_text()))
    Console().print(Text(f"to label with these heads: LITLAKE_STUDENT={folder / 'heads.safetensors'}"), soft_wrap=True)
