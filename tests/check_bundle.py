#!/usr/bin/env python3
"""`skywarden bundle`: what encode makes, decode shows and verify accepts; what was changed, verify refuses.

usage: check_bundle.py PROGRAM
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

KEYS = f"""# agreed for this test
integrity ipn:7.1 {'1a2b' * 8}
confidentiality * {'71' * 32}
"""


def check(program, folder):
    def run(*arguments):
        shown = subprocess.run([program, "bundle", *map(str, arguments)], capture_output=True, timeout=60, check=False)
        assert b"1a2b1a2b" not in shown.stdout + shown.stderr, "a key was printed"
        return shown.returncode, shown.stdout, shown.stderr.decode()

    def verdict(*arguments):
        code, out, _ = run("verify", *arguments)
        return code, json.loads(out)["verdict"] if out else None

    payload, keys = folder / "payload", folder / "keys"
    payload.write_bytes(bytes(range(256)))
    keys.write_text(KEYS)
    basic = ["--source", "ipn:7.1", "--destination", "dtn://ground/alerts", "--payload", payload]

    # plain, and through JSON the same bytes again
    plain = folder / "plain.bundle"
    assert run("encode", *basic, "--created", "2026-05-08T00:00:00Z", "--criticality", "critical", "--hop-limit", 9,
               "--report", "deletion", "--out", plain)[0] == 0
    code, out, _ = run("decode", plain)
    shown = json.loads(out)
    assert code == 0 and shown["primary"]["created"]["utc"] == "2026-05-08T00:00:00.000Z", shown
    assert [block["name"] for block in shown["blocks"]] == ["criticality", "hop_count", "payload"], shown
    assert shown["blocks"][-1]["data"] == payload.read_bytes().hex()
    (folder / "plain.json").write_bytes(out)
    assert run("encode", "--json", folder / "plain.json")[1] == plain.read_bytes()
    hexadecimal = folder / "plain.hex"
    assert run("encode", "--json", folder / "plain.json", "--hex", "--out", hexadecimal)[0] == 0
    assert json.loads(run("decode", hexadecimal)[1])["blocks"] == shown["blocks"]
    assert verdict(plain) == (0, "good")

    # signed and encrypted
    secret = folder / "secret.bundle"
    assert run("encode", *basic, "--sign", "--encrypt", "--keys", keys, "--crc", "none", "--out", secret)[0] == 0
    assert payload.read_bytes() not in secret.read_bytes()
    assert verdict(secret) == (2, "unchecked")
    assert verdict(secret, "--keys", keys) == (0, "good")
    opened = json.loads(run("decode", secret, "--keys", keys)[1])
    assert opened["blocks"][-1]["data"] == payload.read_bytes().hex(), opened
    changed = bytearray(secret.read_bytes())
    changed[-9] ^= 1
    (folder / "changed.bundle").write_bytes(changed)
    assert verdict(folder / "changed.bundle", "--keys", keys) == (1, "bad")

    # any four of six pieces restore it; three do not, and a changed piece is found out
    pieces = [folder / "pieces" / f"piece-{i:03}.bundle" for i in range(6)]
    assert run("split", plain, "--data", 4, "--parity", 2, "--out", folder / "pieces")[0] == 0
    assert sorted((folder / "pieces").iterdir()) == pieces
    for left_out in itertools.combinations(pieces, 2):
        code, out, err = run("join", *[piece for piece in reversed(pieces) if piece not in left_out])
        assert (code, out) == (0, plain.read_bytes()), err
    shown = json.loads(run("decode", pieces[5])[1])
    assert shown["primary"]["created"]["sequence"] == 6 and shown["blocks"][0]["criticality"] == "critical", shown
    assert [block["name"] for block in shown["blocks"]] == ["criticality", "hop_count", "piece", "payload"], shown
    code, out, err = run("join", *pieces[:3])
    assert code == 1 and not out and "3 pieces of 1 bundles restore none" in err, err
    damaged = bytearray(pieces[0].read_bytes())
    damaged[-20] ^= 1
    (folder / "damaged.bundle").write_bytes(damaged)
    code, out, err = run("join", folder / "damaged.bundle", *pieces[1:])
    assert (code, out) == (2, plain.read_bytes()) and err.count("\n") == 1 and "damaged.bundle: bundle at" in err, err
    code, out, err = run("join", plain, *pieces[:4])
    assert (code, out) == (2, plain.read_bytes()) and "not a piece" in err, err
    code, _, err = run("split", plain, "--data", 200, "--parity", 57, "--out", folder / "none")
    assert code == 1 and "200 data and 57 parity pieces" in err and not (folder / "none").exists(), err

    # what cannot be done
    broken = folder / "broken.bundle"
    broken.write_bytes(plain.read_bytes()[:-3])
    code, out, err = run("decode", broken)
    assert code == 1 and not out and err.count("\n") == 1 and "bundle at byte" in err, err
    code, out, err = run("decode", broken, plain)
    assert code == 2 and out.count(b"\n") == 1 and err.count("\n") == 1, err
    assert run("verify", broken)[0] == 1
    assert run("decode", folder / "absent")[0] == 1
    code, out, err = run("encode", *basic, "--sign")
    assert code == 1 and not out and "no integrity key for ipn:7.1" in err, err
    code, _, err = run("encode", "--source", "ipn:7", "--destination", "ipn:1.2", "--payload", payload)
    assert code == 1 and "--source" in err, err
    (folder / "odd.json").write_text('{"primary": {}, "blocks": []}')
    code, _, err = run("encode", "--json", folder / "odd.json")
    assert code == 1 and "odd.json: primary.destination: is missing" in err, err


def main():
    with tempfile.TemporaryDirectory() as name:
        check(sys.argv[1], pathlib.Path(name))
    print("0 problems")


if __name__ == "__main__":
    main()
