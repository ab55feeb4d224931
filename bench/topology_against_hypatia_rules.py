#!/usr/bin/python3
"""Compares `skywarden topology` with Hypatia's rules worked out apart from it.

Hypatia (Kassing et al., IMC 2020) takes distances from python3-ephem: satellites are seen from an observer at 0 N 0 E,
and the side opposite the angle between them is their distance; a station's distance is the range of the satellite
seen from it. The shortest way runs over inter-satellite links between the satellites in range of either station, and
stations never relay. This script does the same with python3-ephem and Dijkstra's algorithm in plain Python, for a
constellation of 34 planes of 34 at 630 km and 51.9 degrees linked as a plus grid, and compares round trips and paths.
python3-ephem turns SGP4's Earth radii into kilometres with 6378.16 where SGP4's own constant is 6378.135, which makes
every distance to a satellite 3.9 parts in a million too long; that is taken out before comparing, and the difference
with it left in is printed as well. Prints one JSON line; exits 1 when fewer than 99.9 % of the paths are equal or a round trip of an equal path differs
by more than a microsecond.

  bench/topology_against_hypatia_rules.py --program build/release/bin/skywarden \\
      --stations ../shared/data/space/ground_stations/hypatia_cities_top100.txt
"""
import argparse
import csv
import heapq
import json
import math
import subprocess
import sys
import tempfile
import time

import ephem

PLANES = 34
SLOTS = 34
RANGE_KM = 1260.0
MEAN_MOTION = 14.80
INCLINATION_DEG = 51.9
START = "2000-01-01T00:00:00Z"
SPEED_OF_LIGHT = 299792458.0
LIMIT_NS = 1000
EPHEM_SCALE = 6378.16 / 6378.135


def checksum(line):
    return str(sum(int(c) if c.isdigit() else c == "-" for c in line) % 10)


def elements():
    """Two-line elements, plane by plane, every second plane shifted by half a slot."""
    out = []
    for plane in range(PLANES):
        for slot in range(SLOTS):
            number = plane * SLOTS + slot + 1
            node = plane * 360.0 / PLANES
            anomaly = (slot + 0.5 * (plane % 2)) * 360.0 / SLOTS
            one = f"1 {number:05d}U 00000ABC 00001.00000000  .00000000  00000-0  00000+0 0    0"
            two = (f"2 {number:05d} {INCLINATION_DEG:8.4f} {node:8.4f} 0000001   0.0000 {anomaly:8.4f}"
                   f" {MEAN_MOTION:11.8f}    0")
            out.append((f"GRID {number - 1}", one + checksum(one), two + checksum(two)))
    return out


def links():
    for plane in range(PLANES):
        for slot in range(SLOTS):
            here = plane * SLOTS + slot
            yield here, plane * SLOTS + (slot + 1) % SLOTS
            yield here, (plane + 1) % PLANES * SLOTS + slot


def observer(lat, lon, elevation, date):
    place = ephem.Observer()
    place.epoch = ephem.Date("2000/1/1 00:00:00")
    place.date = date
    place.lat, place.lon, place.elevation = str(lat), str(lon), elevation
    place.pressure = 0
    return place


def distances(satellites, date):
    """The neighbours of each satellite with the distance in metres."""
    origin = observer(0, 0, 0, date)
    for satellite in satellites:
        satellite.compute(origin)
    neighbours = [[] for _ in satellites]
    for a, b in links():
        angle = float(ephem.separation(satellites[a], satellites[b]))
        ra, rb = satellites[a].range, satellites[b].range
        length = math.sqrt(ra * ra + rb * rb - 2 * ra * rb * math.cos(angle))
        neighbours[a].append((b, length))
        neighbours[b].append((a, length))
    return neighbours


def in_range(satellites, station, date):
    place = observer(station["lat"], station["lon"], station["alt"], date)
    out = []
    for number, satellite in enumerate(satellites):
        satellite.compute(place)
        if satellite.range <= RANGE_KM * 1000:
            out.append((number, satellite.range))
    return out


def tree(neighbours, reach):
    """Shortest distances to the station that reaches these satellites, and the next satellite on the way."""
    to_go, following = {}, {}
    queue = [(length, satellite, None) for satellite, length in reach]
    heapq.heapify(queue)
    while queue:
        length, here, came = heapq.heappop(queue)
        if here in to_go:
            continue
        to_go[here], following[here] = length, came
        for there, step in neighbours[here]:
            if there not in to_go:
                heapq.heappush(queue, (length + step, there, here))
    return to_go, following


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--stations", required=True)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--step", type=float, default=37.5, help="seconds")
    arguments = parser.parse_args()
    with open(arguments.stations, newline="") as file:
        stations = [{"lat": row[2], "lon": row[3], "alt": float(row[4])} for row in csv.reader(file)]
    count = PLANES * SLOTS
    sets = elements()
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/elements.tle", "w") as file:
            file.writelines(f"{name}\n{one}\n{two}\n" for name, one, two in sets)
        with open(f"{folder}/pairs.csv", "w") as file:
            file.write("src,dst\n")
            file.writelines(f"{count + a},{count + b}\n"
                            for a in range(len(stations)) for b in range(len(stations)) if a != b)
        subprocess.run([arguments.program, "topology", "--elements", f"{folder}/elements.tle", "--isls", "plus_grid",
                        "--stations", arguments.stations, "--max-gsl-km", str(RANGE_KM), "--start", START,
                        "--duration", f"{arguments.steps * arguments.step}s", "--step", f"{arguments.step}s",
                        "--pairs", f"{folder}/pairs.csv", "--out", f"{folder}/out.csv"], check=True)
        with open(f"{folder}/out.csv", newline="") as file:
            ours = list(csv.DictReader(file))
    satellites = [ephem.readtle(*lines) for lines in sets]
    compared = equal = 0
    worst_ns = worst_raw_ns = worst_other_ns = 0.0
    seconds = []
    rows = iter(ours)
    for number in range(arguments.steps):
        began = time.process_time()
        date = ephem.Date(ephem.Date("2000/1/1 00:00:00") + number * arguments.step / 86400.0)
        neighbours = distances(satellites, date)
        reaches = [in_range(satellites, station, date) for station in stations]
        trees = [tree(neighbours, reach) for reach in reaches]
        seconds.append(time.process_time() - began)
        for a, reach in enumerate(reaches):
            for b, (to_go, following) in enumerate(trees):
                if a == b:
                    continue
                row = next(rows)
                assert (int(row["src"]), int(row["dst"])) == (count + a, count + b)
                compared += 1
                ways = [(length + to_go[s], s) for s, length in reach if s in to_go]
                if not ways:
                    equal += row["rtt_ns"] == "-1" and row["path"] == ""
                    continue
                length, here = min(ways)
                path = [count + a]
                while here is not None:
                    path.append(here)
                    here = following[here]
                path.append(count + b)
                raw_off = abs(2e9 * length / SPEED_OF_LIGHT - float(row["rtt_ns"]))
                off = abs(2e9 * length / EPHEM_SCALE / SPEED_OF_LIGHT - float(row["rtt_ns"]))
                if "-".join(map(str, path)) == row["path"]:
                    equal += 1
                    worst_ns = max(worst_ns, off)
                    worst_raw_ns = max(worst_raw_ns, raw_off)
                else:
                    worst_other_ns = max(worst_other_ns, off)
    seconds.sort()
    print(json.dumps({"figure": "topology_against_hypatia_rules", "steps": arguments.steps, "pairs": compared,
                      "paths_equal": equal, "share": round(equal / compared, 6),
                      "worst_round_trip_difference_ns": round(worst_ns, 1),
                      "with_scale_left_in_ns": round(worst_raw_ns, 1),
                      "worst_of_other_paths_ns": round(worst_other_ns, 1),
                      "peer_cpu_s_per_step_median": round(seconds[len(seconds) // 2], 2)}))
    return 0 if equal / compared >= 0.999 and worst_ns <= LIMIT_NS else 1


if __name__ == "__main__":
    sys.exit(main())
