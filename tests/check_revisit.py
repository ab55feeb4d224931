#!/usr/bin/env python3
"""`skywarden revisit` and what `passes` can add to its table: files, options, exit codes, and parts that must agree.

usage: check_revisit.py PROGRAM REPOSITORY

The elements are those of scenarios/fire_satellites.omm.csv.
"""
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

START = ["--start", "2026-05-08T00:00:00Z", "--hours", "12"]


def signed_area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) / 2.0


def check_map(text):
    features = json.loads(text)["features"]
    swaths = [f for f in features if f["properties"]["kind"] == "swath"]
    tracks = [f for f in features if f["properties"]["kind"] == "track"]
    assert len(swaths) == len(tracks) == 2 * 144, (len(swaths), len(tracks))
    at_pole = at_antimeridian = 0
    for swath in swaths:
        shape = swath["geometry"]
        assert shape["type"] in ("Polygon", "MultiPolygon")
        areas = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        at_antimeridian += len(areas) > 1
        for (ring,) in areas:
            assert ring[0] == ring[-1] and len(ring) >= 4
            assert signed_area(ring) > 0.0, "a ring runs clockwise"
            assert all(-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0 for lon, lat in ring)
            at_pole += any(abs(lat) == 90.0 for _, lat in ring)
            # No edge crosses the map.
            assert all(abs(a[0] - b[0]) < 180.0 or abs(a[1]) == abs(b[1]) == 90.0 for a, b in zip(ring, ring[1:]))
    assert at_pole > 0 and at_antimeridian > 0, (at_pole, at_antimeridian)


def check(program, repository, folder):
    elements = repository / "scenarios/fire_satellites.omm.csv"
    stations = repository / "scenarios/ksat_stations.csv"

    def run(*arguments, code=0):
        shown = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=300, check=False)
        assert shown.returncode == code, (arguments, shown.returncode, shown.stderr.decode())
        return shown.stdout.decode(), shown.stderr.decode()

    def rows(text):
        return list(csv.DictReader(io.StringIO(text)))

    # the same with any number of threads; each access in its cell's count
    viirs = ["revisit", "--elements", elements, "--only", "37849,NOAA 20 (JPSS-1)", *START]
    box = ["--box", 170, -20, -170, 20, "--step", 5]
    accesses, drawing = folder / "accesses.csv", folder / "swaths.geojson"
    table, said = run(*viirs, *box, "--accesses", accesses, "--geojson", drawing, "--threads", 2)
    assert table == run(*viirs, *box, "--threads", 1)[0]
    assert "32 of 32 cells seen" in said, said
    cells, seen = rows(table), rows(accesses.read_text())
    assert len(cells) == 32 and float(cells[0]["lon_deg"]) == 172.5 and float(cells[-1]["lon_deg"]) == -172.5
    for cell in cells:
        mine = [a["at_utc"] for a in seen if a["cell"] == cell["cell"]]
        assert mine == sorted(mine) and len(mine) == int(cell["accesses"])
        assert mine[0].startswith(cell["first_utc"][:-1]) and mine[-1].startswith(cell["last_utc"][:-1])
    assert {a["norad"] for a in seen} == {"37849", "43013"}
    assert all(abs(float(a["off_nadir_deg"])) <= 56.28 and float(a["elevation_deg"]) > 0.0 for a in seen)
    check_map(drawing.read_text())
    told = json.loads(run(*viirs, *box, "--json")[0])
    assert told["summary"]["accesses"] == len(seen) == sum(c["accesses"] for c in told["cells"])

    # cells from a file, with bad rows; narrower sensors see less, rolling ones more
    places = folder / "places.csv"
    places.write_text("name,lat_deg,lon_deg\nSanta Rosa,38.44,-122.71\nnowhere,95,0\npole,90,0\n")
    table, said = run(*viirs, "--cells", places, code=2)
    assert [r["cell"] for r in rows(table)] == ["Santa Rosa", "pole"] and "places.csv:3:lat_deg" in said, said
    places.write_text("38.44,-122.71\n90,0\n")

    def count(*sensor):
        return [int(r["accesses"]) for r in rows(run(*viirs, "--cells", places, *sensor)[0])]
    assert count() == count("--sensor", "viirs") == count("--half-angle", 56.28) == count("--off-nadir", -56.28, 56.28)
    assert count("--half-angle", 40, "--roll", 16.28) == count() != count("--half-angle", 10)
    assert [a + b for a, b in zip(count("--off-nadir", -56.28, 0), count("--off-nadir", 0, 56.28))] == count()
    assert sum(count("--min-elevation", 60)) < sum(count())
    assert "left out" in run("revisit", "--elements", elements, "--cells", places, *START, code=2)[1]

    # bad input: one line, exit code 1
    for arguments, word in (
            (["--box", 0, 0, 10, 10, "--half-angle", 95], "off-nadir"), (["--box", 0, 10, 10, 0], "--box"),
            (["--box", 0, 0, 10, 10, "--step", 0], "--step"), (["--box", -180, -90, 180, 90, "--step", 0.1], "at most"),
            (["--box", 0, 0, 10, 10, "--sensor", "eye"], "viirs"), ([], "--cells or --box"),
            (["--box", 0, 0, 10, 10, "--swath-km", 9000], "horizon"), (["--cells", folder / "none.csv"], "none.csv"),
            (["--box", 0, 0, 10, 10, "--roll", -1], "--roll"), (["--box", 0, 0, 10, 10, "--geojson", drawing, "--piece", 5], "--piece"),
            (["--box", 0, 0, 10, 10, "--only", "1"], "--only")):
        text, said = run(*(viirs[:3] if "--only" in arguments else viirs), *(START if "--only" in arguments else []),
                         *arguments, code=1)
        errors = [line for line in said.splitlines() if line.startswith("skywarden revisit:")]
        assert len(errors) == 1 and word in errors[0], (arguments, said)

    # passes: what is added stands at the end, and what stood there before has not changed
    passes = ["passes", "--elements", elements, "--stations", stations, *START, "--mask", 5]
    plain = run(*passes)[0]
    more = run(*passes, "--carrier-hz", "8.2e9", "--uncertainty")[0]
    assert plain.splitlines()[0] == ("satellite,norad,station,aos_utc,tca_utc,los_utc,max_el_deg,range_km_at_tca,"
                                     "range_rate_kms_at_aos")
    assert [",".join(line.split(",")[:9]) for line in more.splitlines()] == plain.splitlines()
    for row in rows(more):
        rate = float(row["range_rate_kms_at_aos"])
        assert abs(float(row["doppler_hz_at_aos"]) + 8.2e9 * rate / (299792.458 + rate)) < 0.01
        assert float(row["doppler_hz_at_aos"]) >= float(row["doppler_hz_at_tca"]) >= float(row["doppler_hz_at_los"])
        assert float(row["max_el_uncertainty_deg"]) > 0.0 and 0.0 < float(row["elements_age_d"]) < 3.0
        assert row["aos_utc"].startswith("2026-05-08T00:00:00.000000") == (row["aos_uncertainty_s"] == "")
    assert "--carrier-hz" in run(*passes, "--carrier-hz", 0, code=1)[1]
    print(f"{len(seen)} accesses, {len(rows(more))} passes")


def main():
    with tempfile.TemporaryDirectory() as name:
        check(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
