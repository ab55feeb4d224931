#!/usr/bin/env python3
"""Public weather records as tables of schemas/station_weather.toml, to train models/station_weather.trees on.

usage: station_weather.py DATA OUT

DATA is the folder of the reference data (SKYWARDEN_DATA), OUT a folder that gets two tables:

beijing.csv   completion/prsa, the first 80 % of the open rows; the rest is never read. Of stations that print the
              readings of one and the same weather station only the first is taken: six are left.
new_york.csv  completion/weather, NOAA ASOS of three airports, January to September 2013.

Relative humidity of Beijing is made of temperature and dew point by the Magnus formula with the constants of WMO
No. 8 (CIMO guide), annex 4.B: e = 6.112 exp(17.62 t / (243.12 + t)) hPa over water. Its wind has sectors of 22.5
degrees; their middles are written, north as 360. A calm has no direction. A value that is missing stays missing.

The rows of New York are moved four years (1461 days) on, to the same dates and hours of 2017. Beijing's end in
September 2015, so the two networks never stand in one hour, as if they were one, and all of both can be used.
"""
import csv
import datetime
import gzip
import math
import pathlib
import sys

COLUMNS = ["station", "time", "temp_c", "rh_pct", "wind_kmh", "wind_dir_deg", "rain_mm"]
BEIJING = ["Aotizhongxin", "Changping", "Gucheng", "Huairou", "Shunyi", "Wanliu"]
BEIJING_UTC_OFFSET = datetime.timedelta(hours=8)
OPEN_PART = 0.8
SECTORS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
NEW_YORK_MOVED = datetime.timedelta(days=1461)


def number(text):
    return float(text) if text not in ("", "NA") else None


def printed(value, decimals):
    return "" if value is None else f"{value:.{decimals}f}"


def vapour_pressure(celsius):
    return 6.112 * math.exp(17.62 * celsius / (243.12 + celsius))


def humidity(temperature, dew_point):
    if temperature is None or dew_point is None:
        return None
    return min(100.0, 100.0 * vapour_pressure(dew_point) / vapour_pressure(temperature))


def scaled(value, factor):
    return None if value is None else value * factor


def row(station, time, temperature, humid, wind, direction, rain):
    if wind is not None and wind == 0.0:
        direction = None
    return [station, time.strftime("%Y-%m-%dT%H:%M:%SZ"), printed(temperature, 1), printed(humid, 0), printed(wind, 1),
            printed(direction, 0), printed(rain, 1)]


def beijing_rows(path, begin=0.0, end=OPEN_PART):
    with gzip.open(path, "rt", newline="") as handle:
        rows = list(csv.DictReader(handle))
    for r in rows[int(begin * len(rows)):int(end * len(rows))]:
        local = datetime.datetime(int(r["year"]), int(r["month"]), int(r["day"]), int(r["hour"]))
        temperature = number(r["TEMP"])
        sector = r["wd"] if r["wd"] != "NA" else ""
        direction = ((SECTORS.index(sector) or 16) * 22.5) if sector else None
        yield row(r["station"], local - BEIJING_UTC_OFFSET, temperature, humidity(temperature, number(r["DEWP"])),
                  scaled(number(r["WSPM"]), 3.6), direction, number(r["RAIN"]))


def new_york_rows(path):
    with gzip.open(path, "rt", newline="") as handle:
        for r in csv.DictReader(handle):
            fahrenheit, direction = number(r["temp"]), number(r["wind_dir"])
            yield row(r["origin"], datetime.datetime.strptime(r["time_hour"], "%Y-%m-%dT%H:%M:%SZ") + NEW_YORK_MOVED,
                      None if fahrenheit is None else (fahrenheit - 32.0) / 1.8, number(r["humid"]),
                      scaled(number(r["wind_speed"]), 1.609344), direction or None, scaled(number(r["precip"]), 25.4))


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(COLUMNS)
        out.writerows(rows)


def main():
    if len(sys.argv) != 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 1
    data, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    beijing = (data / f"completion/prsa/PRSA_{name}.csv.gz" for name in BEIJING)
    write(out / "beijing.csv", (r for path in beijing for r in beijing_rows(path)))
    write(out / "new_york.csv", new_york_rows(data / "completion/weather/nyc_noaa_2013_jan_sep.csv.gz"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
