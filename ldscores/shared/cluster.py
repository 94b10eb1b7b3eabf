"""A Dask cluster to send work to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldscores.shared.errors import InputError

if TYPE_CHECKING:
    import distributed

#: Seconds to wait for an answer.
_PATIENCE = 20


def connect_cluster(scheduler: str) -> distributed.Client:
    """A client, to be closed by ``with``, of the scheduler at this address; ``local`` starts a cluster on this machine.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "--scheduler: Dask is not installed; expected the extra: pip install 'sumh2[dask]', or leave --scheduler out"
        ) from error
    try:
        return distributed.Client() if scheduler == "local" else distributed.Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); expected an address such as "
            "tcp://host:8786; start one with: dask scheduler"
        ) from error
