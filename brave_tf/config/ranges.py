"""The ranges that values of a configuration keep to."""

from typing import Annotated

import pydantic

Probability = Annotated[float, pydantic.Field(ge=0.0, le=1.0)]
Positive = Annotated[float, pydantic.Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, pydantic.Field(ge=1)]
NonNegative = Annotated[float, pydantic.Field(ge=0.0)]

STRICT = pydantic.ConfigDict(extra="forbid")
"""Unknown keys are refused."""
