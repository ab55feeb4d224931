#!/usr/bin/python3
"""Compares `skywarden revisit` with python3-skyfield, an independent propagator and Earth model.

Places spread evenly over the Earth (a Fibonacci lattice). In Skyfield everything is done in GCRS: the plane across the
velocity through the satellite, the geodetic nadir by its subpoint, the place by its own position. The place's distance
ahead of the plane is sampled every 10 s; where it changes sign the moment is interpolated within 0.2 s. Skyfield's time
scale is given UT1 = UTC as in the program. Accesses whose angle is within 0.02 degrees of a limit do not count.
Prints one JSON line; exits 1 when an access is missing or extra or differs by more than the limit.

  bench/revisit_against_skyfield.py --program build/release/bin/skywarden \\
      --elements ../shared/data/space/tle/fire_eo_subset_2026-05.tle --only 37849,25994 --start 2026-05-08T00:00:00Z
"""
import argparse
import csv
import datetime
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy
from skyfield.api import EarthSatellite, load, wgs84

COARSE_S = 10.0
FINE_S = 0.2
NEAR_LIMIT_DEG = 0.02
LIMIT_S = 0.1
LIMIT_DEG = 0.01


def lattice(count):
    golden = (1.0 + 5.0 ** 0.5) / 2.0
    for i in range(count):
        yield (math.degrees(math.asin(1.0 - 2.0 * (i + 0.5) / count)),
               (360.0 * i / golden + 180.0) % 360.0 - 180.0)


class Orbit:
    """A satellite's axes at many moments, in GCRS."""

    def __init__(self, scale, satellite, start, seconds):
        moments = scale.utc(start.year, start.month, start.day, start.hour, start.minute, start.second + seconds)
        self.times = moments
        state = satellite.at(moments)
        self.position, velocity = state.position.km, state.velocity.km_per_s
        below = wgs84.latlon(wgs84.subpoint(state).latitude.degrees, wgs84.subpoint(state).longitude.degrees)
        down = below.at(moments).position.km - self.position
        self.down = down / numpy.linalg.norm(down, axis=0)
        level = velocity - (velocity * self.down).sum(axis=0) * self.down
        self.ahead = level / numpy.linalg.norm(level, axis=0)
        self.right = numpy.cross(self.down, self.ahead, axis=0)

    def look(self, place):
        line = place.at(self.times).position.km - self.position
        parts = [(line * axis).sum(axis=0) for axis in (self.ahead, self.right, self.down)]
        return parts[0], numpy.degrees(numpy.arctan2(parts[1], parts[2]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/skywarden")
    parser.add_argument("--elements", required=True, help="three-line elements")
    parser.add_argument("--only", required=True, help="catalogue numbers")
    parser.add_argument("--half-angle", type=float, default=56.28)
    parser.add_argument("--start", required=True)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--places", type=int, default=60)
    arguments = parser.parse_args()
    start = datetime.datetime.strptime(arguments.start, "%Y-%m-%dT%H:%M:%SZ")

    places = list(lattice(arguments.places))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "cells.csv").write_text("".join(f"{lat:.9f},{lon:.9f}\n" for lat, lon in places), encoding="utf-8")
        subprocess.run(
            [arguments.program, "revisit", "--elements", arguments.elements, "--only", arguments.only, "--half-angle",
             str(arguments.half_angle), "--cells", folder / "cells.csv", "--start", arguments.start, "--hours",
             str(arguments.hours), "--out", folder / "revisit.csv", "--accesses", folder / "accesses.csv"],
            check=True, capture_output=True)
        table = (folder / "accesses.csv").read_text(encoding="utf-8")
    ours = {}
    for row in csv.DictReader(io.StringIO(table)):
        at = datetime.datetime.strptime(row["at_utc"], "%Y-%m-%dT%H:%M:%S.%fZ")
        ours.setdefault((int(row["norad"]), int(row["cell"])), []).append(
            ((at - start).total_seconds(), float(row["off_nadir_deg"]), float(row["range_km"]),
             float(row["elevation_deg"])))

    scale = load.timescale(delta_t=32.184 + 37.0, builtin=True)
    lines = [line.rstrip() for line in open(arguments.elements, encoding="utf-8")]
    wanted = {int(n) for n in arguments.only.split(",")}
    satellites = [EarthSatellite(lines[i], lines[i + 1], "", scale)
                  for i in range(len(lines) - 1) if lines[i].startswith("1 ") and lines[i + 1].startswith("2 ")]
    coarse = numpy.arange(0.0, arguments.hours * 3600.0 + COARSE_S / 2, COARSE_S)
    compared = missing = extra = near_limit = 0
    worst = {"at_s": 0.0, "off_nadir_deg": 0.0, "range_km": 0.0, "elevation_deg": 0.0}
    for satellite in satellites:
        if satellite.model.satnum not in wanted:
            continue
        track = Orbit(scale, satellite, start, coarse)
        for i, (lat, lon) in enumerate(places):
            place = wgs84.latlon(lat, lon)
            ahead, _ = track.look(place)
            mine = list(ours.get((satellite.model.satnum, i + 1), []))
            for k in numpy.nonzero((ahead[:-1] > 0.0) != (ahead[1:] > 0.0))[0]:
                begin = coarse[k] + COARSE_S * ahead[k] / (ahead[k] - ahead[k + 1])
                seconds = numpy.array([begin - FINE_S / 2, begin + FINE_S / 2])
                there = Orbit(scale, satellite, start, seconds)
                part, angle = there.look(place)
                share = part[0] / (part[0] - part[1])
                at, angle = seconds[0] + share * FINE_S, angle[0] + share * (angle[1] - angle[0])
                middle = scale.utc(start.year, start.month, start.day, start.hour, start.minute, start.second + at)
                altitude, _, distance = (satellite - place).at(middle).altaz()
                if altitude.degrees < -NEAR_LIMIT_DEG or abs(angle) > arguments.half_angle + NEAR_LIMIT_DEG:
                    continue
                match = [m for m in mine if abs(m[0] - at) < 1.0]
                if altitude.degrees < NEAR_LIMIT_DEG or abs(angle) > arguments.half_angle - NEAR_LIMIT_DEG:
                    near_limit += 1
                    mine = [m for m in mine if m not in match]
                    continue
                if len(match) != 1:
                    missing += 1
                    continue
                mine.remove(match[0])
                compared += 1
                for key, difference in zip(worst, (match[0][0] - at, match[0][1] - angle, match[0][2] - distance.km,
                                                   match[0][3] - altitude.degrees)):
                    worst[key] = max(worst[key], abs(float(difference)))
            extra += len(mine)
    fine = (missing == 0 and extra == 0 and compared > 0 and worst["at_s"] <= LIMIT_S
            and worst["off_nadir_deg"] <= LIMIT_DEG and worst["elevation_deg"] <= LIMIT_DEG)
    print(json.dumps({"figure": "revisit_against_skyfield", "satellites": len(wanted), "places": len(places),
                      "hours": arguments.hours, "half_angle_deg": arguments.half_angle, "accesses": compared,
                      "missing": missing, "extra": extra, "near_limit": near_limit,
                      **{"max_" + k: round(v, 6) for k, v in worst.items()}, "within_limit": fine}))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
