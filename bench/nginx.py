"""nginx at its best: one process that serves one small file, and keeps everything open."""

from pathlib import Path
from string import Template

FILE = "cache/default-cache"
"""The file has the path of Attimo's default cache, so that both are asked the same question."""
VALUE = b"k000000000000000" + bytes(ord("a") + i * 7 % 26 for i in range(84))
"""What the generator expects as the value of its first key."""

CONFIGURATION = Template(
    """
daemon off;
master_process off;  # the process that was started is the one that serves
pid $folder/nginx.pid;
error_log stderr crit;
events {
    worker_connections 16384;
    multi_accept on;
}
http {
    access_log off;
    server_tokens off;
    etag off;
    sendfile off;  # costs a second call for so small a file
    tcp_nodelay on;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    open_file_cache max=16 inactive=1h;
    open_file_cache_valid 1h;
    open_file_cache_min_uses 1;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    server {
        listen $address backlog=1024;
        root $folder/root;
    }
}
"""
)


def command(program: str, folder: Path, address: str) -> list[str]:
    """Write the configuration and the file into `folder`, and return what starts the server."""
    file = folder / "root" / FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(VALUE)
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.substitute(folder=folder, address=address))
    return [program, "-p", str(folder), "-e", "stderr", "-c", str(configuration)]
