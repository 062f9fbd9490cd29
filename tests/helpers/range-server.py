#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A web server for tests of downloads: FOLDER on a free port of the loopback, which is printed.

It answers ranges (with If-Range), and cuts the connection in the middle of a file as long as FOLDER/cut exists.
Each request with a range is noted in FOLDER/ranges.
"""
import hashlib
import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = os.path.join(sys.argv[1], os.path.basename(self.path))
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            data = file.read()
        tag = '"%s"' % hashlib.sha256(data).hexdigest()[:16]
        start = 0
        wanted = self.headers.get("Range")
        if wanted:
            with open(os.path.join(sys.argv[1], "ranges"), "a") as file:
                file.write(wanted + "\n")
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(wanted.split("=")[1].split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
        else:
            self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = len(data)
        if os.path.exists(os.path.join(sys.argv[1], "cut")) and end > 100000:
            end = start + (end - start) // 2
            self.close_connection = True
        self.wfile.write(data[start:end])


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
