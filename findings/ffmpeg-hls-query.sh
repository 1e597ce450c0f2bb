#!/bin/sh
# findings/ffmpeg-hls-query.sh: who uploads HLS by PUT, and where the query of the list goes.
#
# Program:   ffmpeg 7.0.2, as imageio-ffmpeg 0.6.0 (PyPI) brings it.
# Guess:     `-f hls -method PUT 'http://host/live/list.m3u8?ttl=60'` puts the parts beside the list
#            with the same query; and where the server refuses each of them, ffmpeg ends with an error.
# Behaviour: the parts are put without the query. Refused with 400, they are told at no log level up
#            to `warning`, and the exit status is 0. A part's query has to be given by
#            `-hls_segment_filename`, and then stands in the list, too.
# Matters:   an origin or CDN that takes a token or a lifetime from the query gets lists of parts
#            that are not there, from an encoder that is content.
#
# Installs the package in a temporary folder, and fails if what is seen is another thing.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0

cat >"$folder/look.py" <<'PYTHON'
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from imageio_ffmpeg import get_ffmpeg_exe

seen, bodies = [], {}


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        status = 204 if "?ttl=60" in self.path else 400
        seen.append((self.path, status))
        bodies[self.path] = body
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=server.serve_forever, daemon=True).start()
at = f"http://127.0.0.1:{server.server_port}/live"
film = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-t", "4", "-g", "20"]


def put(*more):
    seen.clear()
    command = [get_ffmpeg_exe(), "-hide_banner", "-loglevel", "warning", *film]
    command += ["-c:v", "mpeg2video", "-f", "hls", "-hls_time", "2", "-method", "PUT", *more]
    done = subprocess.run([*command, f"{at}/list.m3u8?ttl=60"], capture_output=True, text=True)
    parts = sorted({each for each in seen if ".ts" in each[0]})
    print(f"exit {done.returncode}, said {done.stderr!r}, parts {parts}")
    return done.returncode, done.stderr, parts


assert put() == (0, "", [("/live/list0.ts", 400), ("/live/list1.ts", 400)])
named = put("-hls_segment_filename", f"{at}/part%d.ts?ttl=60")
assert named == (0, "", [("/live/part0.ts?ttl=60", 204), ("/live/part1.ts?ttl=60", 204)])
assert b"\npart1.ts?ttl=60\n" in bodies["/live/list.m3u8?ttl=60"]
server.shutdown()
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
