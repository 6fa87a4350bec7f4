"""How much memory a device has left, and whether an error means that it ran out."""

from pathlib import Path

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "failed to allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or Python means that memory ran out.

    >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")), is_out_of_memory(RuntimeError("shape mismatch"))
    (True, False)
    """
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | OSError) and any(words in str(error).lower() for words in OUT_OF_MEMORY)
    )


def free_bytes(device: str) -> int | None:
    """Memory that is left on a device [bytes]: of a GPU, or of the machine and the container it runs in; None if it cannot be known."""
    if device != "cpu":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    known = [value for value in (_machine(), _container()) if value is not None]
    return min(known) if known else None


def _machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    rows = [line.split() for line in lines if line.startswith("MemAvailable:")]
    return int(rows[0][1]) * 1024 if rows else None


def _container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    try:
        most, used = (folder / name for name in ("memory.max", "memory.current"))
        return int(most.read_text()) - int(used.read_text())
    except (OSError, ValueError):  # no container, or its limit is "max"
        return None
