"""A surveyed door as JSON and back.

Owns: the names in the document, and what is refused.
Never: files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.side_levels import SPANS_S
from shopbell_server.core.zones.side_model import CarrierModel, SideModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FORMAT: Final = 1
"""Raised when features change: weights of other features would judge wrongly and not say so."""


class UnreadableSurveyError(ValueError):
    """The document is no survey that this program can use: survey again, or restore it from a backup."""


def as_json(model: SideModel) -> dict[str, object]:
    """Return `model` as values that a JSON writer takes: lists, numbers, strings."""
    return {
        "format": FORMAT,
        "usual_dbm": model.usual_dbm.tolist(),
        "carriers": [
            {
                "carrier": one.carrier,
                "mean": one.mean.tolist(),
                "scale": one.scale.tolist(),
                "weight": one.weight.tolist(),
                "bias": one.bias,
                "level_dbm": one.level_dbm.tolist(),
                "level_cov": one.level_cov.tolist(),
            }
            for one in model.carriers
        ],
    }


def from_json(document: Mapping[str, object]) -> SideModel:
    """Return the model that `as_json` wrote.

    Raises `UnreadableSurveyError` that names the field where shapes do not fit, numbers are missing or not
    finite, a scale is not above 0 or a covariance is not positive definite.
    """
    if document.get("format") != FORMAT:
        raise UnreadableSurveyError(
            f"format: {document.get('format')!r}, this program reads {FORMAT}; survey again"
        )
    receivers = _receivers(document.get("usual_dbm"))
    carriers = document.get("carriers")
    if not isinstance(carriers, list) or not carriers:
        raise UnreadableSurveyError("carriers: at least one is needed; survey again")
    return SideModel(
        usual_dbm=_numbers(document, "usual_dbm", (receivers,)),
        carriers=tuple(_carrier(one, receivers) for one in carriers),
    )


def _carrier(document: object, receivers: int) -> CarrierModel:
    if not isinstance(document, dict) or not isinstance(document.get("carrier"), str):
        raise UnreadableSurveyError("carriers: each one needs its name in `carrier`")
    features = (receivers * len(SPANS_S) + 2 * len(SPANS_S),)
    scale = _numbers(document, "scale", features)
    cov = _numbers(document, "level_cov", (2, receivers, receivers))
    if (scale <= 0).any():
        raise UnreadableSurveyError("scale: every number must be above 0")
    if (np.linalg.eigvalsh(cov) <= 0).any():
        raise UnreadableSurveyError("level_cov: not positive definite")
    return CarrierModel(
        carrier=document["carrier"],
        mean=_numbers(document, "mean", features),
        scale=scale,
        weight=_numbers(document, "weight", features),
        bias=float(_numbers(document, "bias", ())),
        level_dbm=_numbers(document, "level_dbm", (2, receivers)),
        level_cov=cov,
    )


def _receivers(usual: object) -> int:
    if not isinstance(usual, list) or not usual:
        raise UnreadableSurveyError("usual_dbm: a list with one level for each receiver is needed")
    return len(usual)


def _numbers(
    document: Mapping[str, object], name: str, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(document.get(name), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UnreadableSurveyError(f"{name}: numbers of shape {shape} are needed") from error
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise UnreadableSurveyError(
            f"{name}: finite numbers of shape {shape} are needed, found shape {numbers.shape}"
        )
    return numbers
