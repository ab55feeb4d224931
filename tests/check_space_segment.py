#!/usr/bin/env python3
"""`skywarden contacts`, `route`, `topology` and `czml` on a small constellation of no real satellites: the parts agree
with each other, and routes with a slow search written here.

usage: check_space_segment.py PROGRAM
"""
import csv
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile

START = "2026-05-08T00:00:00Z"
PLANES = 4
SLOTS = 6
STATIONS = "id,name,lat,lon,alt_m\n0,North,69.0,18.9,0\n1,South,-52.9,-70.8,0\n2,Middle,1.0,32.0,900\n"


def elements():
    out = ""
    for plane in range(PLANES):
        for slot in range(SLOTS):
            number = 99000 + plane * SLOTS + slot
            one = f"1 {number:05d}U 26001A   26128.00000000  .00000000  00000+0  00000+0 0  999"
            two = (f"2 {number:05d}  86.4000 {45.0 * plane:8.4f} 0000001   0.0000 "
                   f"{60.0 * slot + 15.0 * plane:8.4f} 14.34000000    0")
            for line in (one, two):
                line = line.ljust(68)
                out += line + str(sum(int(c) if c.isdigit() else c == "-" for c in line) % 10) + "\n"
    return out


def earliest(contacts, source, target, time):
    """Earliest arrival and the fewest hops that reach it, by rounds over all contacts."""
    at, best = {source: time}, None
    for hops in range(1, 40):
        following = dict(at)
        for contact in contacts:
            here = at.get(contact["source"])
            if here is None or here > contact["endTime"]:
                continue
            arrival = max(here, contact["startTime"]) + contact["owlt"]
            if arrival < following.get(contact["dest"], math.inf):
                following[contact["dest"]] = arrival
        if target in following and (best is None or following[target] < best[0]):
            best = following[target], hops
        if following == at:
            return best
        at = following
    return best


def check(program, folder):
    def run(*arguments, code=0):
        shown = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=120, check=False)
        assert shown.returncode == code, (arguments, shown.returncode, shown.stderr.decode())
        return shown.stdout.decode(), shown.stderr.decode()

    sets, stations = folder / "sets.tle", folder / "stations.csv"
    sets.write_text(elements())
    stations.write_text(STATIONS)
    segment = ["--elements", sets, "--stations", stations, "--start", START]

    # a plan, the same in every format that can hold it
    plan = folder / "plan.json"
    run("contacts", *segment, "--hours", 6, "--out", plan)
    contacts = json.loads(plan.read_text())["contacts"]
    pairs = {(c["source"], c["dest"], c["startTime"]) for c in contacts}
    assert contacts and all((b, a, start) in pairs for a, b, start in pairs)
    assert all(0 <= c["startTime"] < c["endTime"] <= 6 * 3600 for c in contacts)
    table = list(csv.DictReader(io.StringIO(run("contacts", "--plan", plan, "--format", "csv")[0])))
    assert [(int(r["from"]), int(r["to"]), float(r["start_s"]), float(r["owlt_s"])) for r in table] == [
        (c["source"], c["dest"], c["startTime"], c["owlt"]) for c in contacts]
    assert run("contacts", "--plan", plan, "--format", "ionrc")[0].count("a contact") > len(contacts) / 2
    assert "expected --elements" in run("contacts", code=1)[1]

    # routes through it
    nodes = sorted({c["source"] for c in contacts})
    queries = [(nodes[i * 5 % len(nodes)], nodes[(i * 7 + 3) % len(nodes)], 97.5 * i) for i in range(60)]
    queries = [q for q in queries if q[0] != q[1]]
    asked = folder / "queries.csv"
    asked.write_text("src,dst,query_time\n" + "".join(f"{a},{b},{t}\n" for a, b, t in queries))
    answers = list(csv.DictReader(io.StringIO(run("route", "--plan", plan, "--queries", asked)[0])))
    assert len(answers) == len(queries)
    reached = 0
    for (a, b, t), row in zip(queries, answers):
        expected = earliest(contacts, a, b, t)
        if expected is None:
            assert (row["earliest_arrival"], row["hops"], row["route"]) == ("-1", "-1", ""), row
            continue
        reached += 1
        assert abs(float(row["earliest_arrival"]) - expected[0]) < 1e-6 and int(row["hops"]) == expected[1], row
        way = row["route"].split("-")
        assert (int(way[0]), int(way[-1]), len(way)) == (a, b, expected[1] + 1), row
    assert reached > len(queries) / 2

    # pairs that share nothing: the first row is the earlier route, and none is earlier than the best
    for kind in ("contacts", "edges", "nodes"):
        pairs = list(csv.DictReader(io.StringIO(
            run("route", "--plan", plan, "--queries", asked, "--disjoint", kind)[0])))
        assert len(pairs) == 2 * len(queries)
        found = 0
        for best, first, second in zip(answers, pairs[::2], pairs[1::2]):
            assert (first["rank"], second["rank"]) == ("1", "2")
            if second["earliest_arrival"] == "-1":
                assert (first["earliest_arrival"], first["route"]) == (best["earliest_arrival"], best["route"])
                continue
            found += 1
            early, late = float(first["earliest_arrival"]), float(second["earliest_arrival"])
            assert float(best["earliest_arrival"]) <= early <= late, (first, second)
            ways = [row["route"].split("-") for row in (first, second)]
            if kind != "contacts":
                assert not set(zip(ways[0], ways[0][1:])) & set(zip(ways[1], ways[1][1:])), ways
            if kind == "nodes":
                assert not set(ways[0][1:-1]) & set(ways[1][1:-1]), ways
        assert found > len(queries) / 3, (kind, found)
    assert "expected contacts, edges or nodes, found 'links'" in run(
        "route", "--plan", plan, "--queries", asked, "--disjoint", "links", code=1)[1]
    assert "leave --routes out" in run(
        "route", "--plan", plan, "--queries", asked, "--disjoint", "edges", "--routes", 3, code=1)[1]
    asked.write_text(f"src,dst,query_time\n{nodes[0]},nobody,0\n{nodes[0]},{nodes[1]},soon\n")
    out, err = run("route", "--plan", plan, "--queries", asked, code=2)
    assert out.count("-1,-1,") == 2 and ":2:dst:" in err and ":3:query_time:" in err, err
    (folder / "no.json").write_text("{}")
    assert "contacts" in run("route", "--plan", folder / "no.json", "--queries", asked, code=1)[1]

    # ways at a moment
    count = PLANES * SLOTS
    wanted = folder / "pairs.csv"
    wanted.write_text(f"src,dst\n{count},{count + 1}\n{count + 1},{count}\n0,{count + 2}\n5,7\n3,3\n999,0\n")
    reach = ["--max-gsl-km", 3500, "--duration", "1.5min", "--step", "30s", "--pairs", wanted]
    out, err = run("topology", *segment, *reach, code=2)
    assert ":7:src: expected a node of 0…26, found '999'" in err, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["time_s"] for row in rows[::5]] == ["0", "30", "60"], rows
    for forth, back, *_, self_ in (rows[i:i + 5] for i in range(0, len(rows), 5)):
        assert forth["rtt_ns"] == back["rtt_ns"] and forth["path"].split("-") == back["path"].split("-")[::-1]
        assert int(forth["rtt_ns"]) > 2e9 * 11000e3 / 299792458  # the chord between the two stations is longer
        assert all(int(node) < count for node in forth["path"].split("-")[1:-1])
        assert (self_["rtt_ns"], self_["path"]) == ("0", "3")
    links = folder / "links.txt"
    links.write_text("0 1\n1 2\n")
    out, _ = run("topology", *segment, *reach, "--isls", links, code=2)
    assert [row["rtt_ns"] for row in csv.DictReader(io.StringIO(out))][3] == "-1"  # 5 and 7 hold no links

    # the scene stands where the propagator says
    scene = json.loads(run("czml", *segment, "--hours", 0.5, "--step", 60)[0])
    assert scene[0]["id"] == "document" and len({packet["id"] for packet in scene}) == len(scene)
    samples = scene[1]["position"]["cartesian"]
    assert len(samples) == 31 * 4
    times = folder / "times.txt"
    times.write_text("2026-05-08T00:10:00Z\n")
    run("propagate", "--elements", sets, "--times", times, "--out", folder / "states.csv")
    state = next(csv.DictReader(io.StringIO((folder / "states.csv").read_text())))
    radius = 1000.0 * math.hypot(*(float(state[axis]) for axis in ("x_km", "y_km", "z_km")))
    assert samples[40] == 600 and abs(math.hypot(*samples[41:44]) - radius) < 0.2
    shown = [packet for packet in scene if packet["id"].startswith("contact/")]
    assert shown and all(interval["interval"].count("Z") == 2
                         for packet in shown for interval in packet["polyline"]["show"])

    # a mistake in the rules of links is told before anything is played
    incident = pathlib.Path(__file__).parent.parent / "incidents/tubbs_2017"
    rules = folder / "links.toml"
    rules.write_text("[isl]\nterminal = 3\n")
    play = ["replay", incident, "--no-console", "--out", folder / "out", "--links", rules]
    _, err = run(*play, code=1)
    assert err.count("\n") == 1 and "links.toml" in err and "'terminal'" in err, err
    assert not (folder / "out").exists()


def main():
    with tempfile.TemporaryDirectory() as name:
        check(sys.argv[1], pathlib.Path(name))
    print("0 problems")


if __name__ == "__main__":
    main()
