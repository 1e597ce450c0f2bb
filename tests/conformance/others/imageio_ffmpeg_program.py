"""What ffmpeg is told to do, as imageio-ffmpeg brings it: write a live stream by path."""

import os
import subprocess
from http.client import HTTPConnection
from urllib.parse import urlsplit

from imageio_ffmpeg import get_ffmpeg_exe

KEY = os.environ["ATTIMO_TOKEN"]
STREAM = f"{os.environ['ATTIMO_HTTP']}/cache/{os.environ['CACHE']}/live"
AUTHORIZATION = ["-headers", f"Authorization: Bearer {KEY}\r\n"]


def read(name: str) -> bytes | None:
    """What is there, or None."""
    url = urlsplit(f"{STREAM}/{name}")
    connection = HTTPConnection(url.netloc)
    connection.request("GET", url.path, headers={"authorization": KEY})
    answer = connection.getresponse()
    value = answer.read()
    connection.close()
    assert answer.status in (200, 404), (answer.status, value)
    return value if answer.status == 200 else None


picture = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-t", "8", "-g", "20"]
short = ["-hls_time", "2", "-hls_list_size", "1", "-hls_delete_threshold", "1"]
manner = ["-c:v", "mpeg2video", "-f", "hls", *short, "-hls_flags", "delete_segments"]
# It does not hand the query of the list on to the parts.
parts, playlist = (f"{STREAM}/{name}?ttl_seconds=60" for name in ("p%d.ts", "list.m3u8"))
target = ["-method", "PUT", *AUTHORIZATION, "-hls_segment_filename", parts, playlist]
subprocess.run(
    [get_ffmpeg_exe(), "-loglevel", "warning", *picture, *manner, *target], check=True, timeout=60
)

# It writes four parts, and deletes those that have left the list.
written = {name: read(name) for name in ("p0.ts", "p1.ts", "p2.ts", "p3.ts")}
assert [name for name, part in written.items() if part] == ["p2.ts", "p3.ts"], written
assert all(part is None or part.startswith(b"\x47") for part in written.values())
assert b"\np3.ts?ttl_seconds=60\n" in (read("list.m3u8") or b"")
print("done")
