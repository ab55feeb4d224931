#!/usr/bin/python3
"""Compares `skywarden passes` with python3-skyfield, an independent propagator and Earth model.

Skyfield's time scale is given a constant TT - UT1 of 69.184 s (TAI - UTC = 37 s, valid since 2017), which makes
UT1 = UTC as in the program; both use WGS 84 and no refraction. Skyfield's altitude is sampled every 10 s, and
every 0.05 s around crossings and summits. A pass counts when it peaks at least 0.05 degrees above the mask.
Prints one JSON line; exits 1 when a pass is missing or an edge differs by more than the limit.

  bench/passes_against_skyfield.py --program build/release/bin/skywarden \\
      --elements ../shared/data/space/tle/fire_eo_subset_2026-05.tle \\
      --stations ../shared/data/space/ground_stations/ksat_11.csv --start 2026-05-08T00:00:00Z --hours 24 --mask 0
"""
import argparse
import csv
import datetime
import io
import json
import subprocess
import sys

import numpy
from skyfield.api import EarthSatellite, load, wgs84

COARSE_S = 10.0
FINE_S = 0.05
PEAK_ABOVE_MASK_DEG = 0.05
LIMIT_S = 0.1


def instant(text):
    return datetime.datetime.strptime(text.rstrip("Z")[:26], "%Y-%m-%dT%H:%M:%S.%f" if "." in text else "%Y-%m-%dT%H:%M:%S")


class Sky:
    """Altitude of one satellite over one station, in seconds since the start."""

    def __init__(self, scale, start, satellite, place):
        self.scale, self.start, self.line = scale, start, satellite - place

    def times(self, seconds):
        s = self.start
        return self.scale.utc(s.year, s.month, s.day, s.hour, s.minute, s.second + numpy.asarray(seconds))

    def altitude(self, seconds, times=None):
        return self.line.at(self.times(seconds) if times is None else times).altaz()[0].degrees

    def fine(self, low, high):
        seconds = numpy.arange(low, high + FINE_S / 2, FINE_S)
        return seconds, self.altitude(seconds)


def crossing(sky, low, high, mask):
    seconds, altitude = sky.fine(low, high)
    i = int(numpy.nonzero((altitude[:-1] < mask) != (altitude[1:] < mask))[0][0])
    fraction = (mask - altitude[i]) / (altitude[i + 1] - altitude[i])
    return float(seconds[i] + fraction * FINE_S)


def reference_passes(sky, coarse, coarse_times, mask):
    """[(aos or None, los or None, peak, moment of the peak)] with None where the interval cuts."""
    altitude = sky.altitude(coarse, coarse_times)
    up = altitude >= mask
    out = []
    summit = (altitude[1:-1] >= altitude[:-2]) & (altitude[1:-1] > altitude[2:])
    for i in numpy.nonzero(summit)[0] + 1:
        if up[i - 1] or up[i] or up[i + 1] or altitude[i] < mask - 1.0:
            continue  # inside a pass seen below, or far from one
        seconds, fine = sky.fine(coarse[i - 1], coarse[i + 1])
        if fine.max() < mask:
            continue
        above = numpy.nonzero(fine >= mask)[0]
        top = int(fine.argmax())
        out.append((float(seconds[above[0]]), float(seconds[above[-1]]), float(fine.max()), float(seconds[top])))
    edges = numpy.nonzero(up[:-1] != up[1:])[0]
    begin = None if up[0] else -1
    open_at = 0 if up[0] else None
    for i in edges:
        if up[i + 1]:
            begin, open_at = crossing(sky, coarse[i], coarse[i + 1], mask), i + 1
        else:
            end = crossing(sky, coarse[i], coarse[i + 1], mask)
            out.append((begin, end, *peak(sky, coarse, altitude, open_at, i)))
            open_at = None
    if open_at is not None:
        out.append((begin, None, *peak(sky, coarse, altitude, open_at, len(coarse) - 1)))
    return sorted(out, key=lambda p: p[3])


def peak(sky, coarse, altitude, first, last):
    i = first + int(altitude[first:last + 1].argmax())
    low, high = coarse[max(i - 1, 0)], coarse[min(i + 1, len(coarse) - 1)]
    seconds, fine = sky.fine(low, high)
    top = int(fine.argmax())
    return float(fine[top]), float(seconds[top])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/skywarden")
    parser.add_argument("--elements", required=True, help="three-line elements")
    parser.add_argument("--stations", required=True, help="name,lat_deg,lon_deg,alt_m")
    parser.add_argument("--start", required=True)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--mask", type=float, default=0.0)
    parser.add_argument("--satellites", type=int, default=0, help="only the first so many; 0 is all")
    arguments = parser.parse_args()

    table = subprocess.run(
        [arguments.program, "passes", "--elements", arguments.elements, "--stations", arguments.stations, "--start",
         arguments.start, "--hours", str(arguments.hours), "--mask", str(arguments.mask)],
        check=True, capture_output=True, text=True).stdout
    start = instant(arguments.start)
    ours = {}
    for row in csv.DictReader(io.StringIO(table)):
        seconds = [(instant(row[k]) - start).total_seconds() for k in ("aos_utc", "los_utc", "tca_utc")]
        ours.setdefault((int(row["norad"]), row["station"]), []).append(
            (*seconds, float(row["max_el_deg"]), float(row["range_km_at_tca"]), float(row["range_rate_kms_at_aos"])))

    scale = load.timescale(delta_t=32.184 + 37.0, builtin=True)
    lines = [line.rstrip() for line in open(arguments.elements, encoding="utf-8")]
    satellites = [EarthSatellite(lines[i], lines[i + 1], "", scale)
                  for i in range(len(lines) - 1) if lines[i].startswith("1 ") and lines[i + 1].startswith("2 ")]
    if arguments.satellites:
        satellites = satellites[:arguments.satellites]
    stations = [(r["name"], wgs84.latlon(float(r["lat_deg"]), float(r["lon_deg"]), elevation_m=float(r["alt_m"])))
                for r in csv.DictReader(open(arguments.stations, encoding="utf-8"))]
    coarse = numpy.arange(0.0, arguments.hours * 3600.0 + COARSE_S / 2, COARSE_S)
    compared = missing = extra = 0
    worst = {"aos_s": 0.0, "los_s": 0.0, "max_el_deg": 0.0, "range_km_at_tca": 0.0, "range_rate_kms_at_aos": 0.0}
    coarse_times = Sky(scale, start, satellites[0], stations[0][1]).times(coarse)
    for satellite in satellites:
        for name, place in stations:
            sky = Sky(scale, start, satellite, place)
            mine = ours.get((satellite.model.satnum, name), [])
            used = set()
            for aos, los, top, top_at in reference_passes(sky, coarse, coarse_times, arguments.mask):
                match = [p for p in mine if p[0] - 1.0 <= top_at <= p[1] + 1.0]
                used.update(match)
                if top < arguments.mask + PEAK_ABOVE_MASK_DEG:
                    continue
                if len(match) != 1:
                    missing += 1
                    continue
                compared += 1
                p = match[0]
                if aos is not None:
                    worst["aos_s"] = max(worst["aos_s"], abs(p[0] - aos))
                    now = sky.line.at(sky.times([p[0] - 0.05, p[0] + 0.05])).distance().km
                    worst["range_rate_kms_at_aos"] = max(worst["range_rate_kms_at_aos"],
                                                         abs((now[1] - now[0]) / 0.1 - p[5]))
                if los is not None:
                    worst["los_s"] = max(worst["los_s"], abs(p[1] - los))
                worst["max_el_deg"] = max(worst["max_el_deg"], abs(p[3] - top))
                distance = sky.line.at(sky.times([p[2]])).distance().km[0]
                worst["range_km_at_tca"] = max(worst["range_km_at_tca"], abs(distance - p[4]))
            extra += sum(1 for p in mine if p not in used and p[3] >= arguments.mask + PEAK_ABOVE_MASK_DEG)
    fine = missing == 0 and extra == 0 and compared > 0 and max(worst["aos_s"], worst["los_s"]) <= LIMIT_S
    print(json.dumps({"figure": "passes_against_skyfield", "satellites": len(satellites), "stations": len(stations),
                      "hours": arguments.hours, "mask_deg": arguments.mask, "passes": compared, "missing": missing,
                      "extra": extra, **{"max_" + k: round(v, 6) for k, v in worst.items()}, "within_limit": fine}))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
