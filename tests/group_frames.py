"""Frames between members of a group and its clients (src/shell/group_message.h), made by hand."""
import socket

HELLO, REFUSAL, CONSENSUS, SIGNED_HEAD, REQUEST, ANSWER = range(6)
VERSION = 1


def cbor(value):
    def head(major, number):
        for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if number < 24:
                return bytes([major << 5 | number])
            if number < 1 << 8 * size:
                return bytes([major << 5 | code]) + number.to_bytes(size, "big")
        raise ValueError(number)

    simple = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}
    if value is None or isinstance(value, bool):
        return simple[value]
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(4, len(value)) + b"".join(map(cbor, value))


def frame(kind, value):
    return bytes([kind]) + len(value).to_bytes(3, "big") + value


def hello(cluster="forest", sender=0, to=0, incarnation=77, version=VERSION):
    return frame(HELLO, cbor([version, cluster, sender, to, incarnation]))


def put_all(port, values):
    """Names with values, one after the other, at the member that leads; larger than a command line takes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        heard = connection.makefile("rb")
        connection.sendall(hello())
        for key, value in values:
            command = cbor([1, key.encode(), value, None, False])
            connection.sendall(frame(REQUEST, cbor([VERSION, 7, 0, command])))
            while True:
                head = heard.read(4)
                body = heard.read(int.from_bytes(head[1:], "big"))
                if head[0] == ANSWER:
                    break
            assert body[:4] == bytes([body[0], VERSION, 7, 0]), body[:80]  # done
