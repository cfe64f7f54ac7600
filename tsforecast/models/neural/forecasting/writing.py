"""WholeCheckpointIO: writes a checkpoint completely or not at all."""

import io
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from tsforecast._whole_file import write_whole
from tsforecast.exceptions import RunFolderError


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to a temporary file, which replaces the old one once it is complete.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     WholeCheckpointIO().save_checkpoint({"epoch": 1}, f"{folder}/last.ckpt")
    ...     torch.load(f"{folder}/last.ckpt")
    {'epoch': 1}
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        """Write ``checkpoint`` to ``path``, which must be local.

        Raises
        ------
        RunFolderError
            There is no space or permission to write; the file at ``path`` is unchanged.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        target = Path(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, buffer.getbuffer())
        except OSError as error:
            raise RunFolderError(
                f"The checkpoint {str(path)!r} cannot be written: {error.strerror or error}. The one that was there "
                "before, if any, is as it was."
            ) from error
