"""Parquet's own type of geometry, as other programs write it."""

from __future__ import annotations

import pyarrow as pa


class Wkb(pa.ExtensionType):
    """What pyarrow writes as the Parquet type GEOMETRY, without any "geo" metadata."""

    def __init__(self, about: bytes = b"{}") -> None:
        self.about = about
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.about

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, about: bytes) -> Wkb:
        return cls(about)
