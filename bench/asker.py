"""Sends one HTTP request again and again at a steady rate: `python -m bench.asker`.

The request is a JSON object on stdin; the number of answers per second is printed. Any status but
200 and 204 ends it with an error. Answers are read, not decoded, so that it takes little of the
generator's core.
"""

import http.client
import json
import sys
import time


def main() -> None:
    """Ask until the time is over."""
    address, per_second, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    asked = json.load(sys.stdin)
    connection = http.client.HTTPConnection(address, timeout=60)
    start, answers = time.monotonic(), 0
    while (now := time.monotonic() - start) < seconds:
        due = answers / per_second
        time.sleep(max(0, min(due - now, seconds - now)))
        connection.request(asked["method"], asked["path"], asked["body"], asked["headers"])
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 204):
            sys.exit(f"error: {asked['method']} {asked['path']}: {answer.status}")
        answers += 1
    print(answers / (time.monotonic() - start))


if __name__ == "__main__":
    main()
