"""Lines to paste: a program that writes its first value, in six languages, with no client library.

The address is that of the settings. A browser on this machine that came without TLS is shown the
one without TLS; everybody else the public name, with the certificate to trust if there is one.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.requests import Request

from attimo.api import cookies
from attimo.console.addresses import Addresses

_CURL = """\
curl -X PUT -H "Authorization: $ATTIMO_TOKEN" -d hello \\
  "$ATTIMO_URL/cache/{cache}?key=greeting&ttl_seconds=600"
curl -H "Authorization: $ATTIMO_TOKEN" "$ATTIMO_URL/cache/{cache}?key=greeting"
"""
_PYTHON = """\
python3 - <<'END'
from os import environ
from urllib.request import Request, urlopen

url = environ["ATTIMO_URL"] + "/cache/{cache}?key=greeting"
headers = {{"Authorization": environ["ATTIMO_TOKEN"]}}
urlopen(Request(url + "&ttl_seconds=600", b"hello", headers, method="PUT"))
print(urlopen(Request(url, headers=headers)).read().decode())
END
"""
_NODE = """\
node --input-type=module - <<'END'
const url = `${{process.env.ATTIMO_URL}}/cache/{cache}?key=greeting`;
const headers = {{ Authorization: process.env.ATTIMO_TOKEN }};
await fetch(`${{url}}&ttl_seconds=600`, {{ method: "PUT", headers, body: "hello" }});
console.log(await (await fetch(url, {{ headers }})).text());
END
"""
_GO = """\
cat > attimo.go <<'END'
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
)

func ask(method, query, body string) string {{
	url := os.Getenv("ATTIMO_URL") + "/cache/{cache}?key=greeting" + query
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {{
		panic(err)
	}}
	request.Header.Set("Authorization", os.Getenv("ATTIMO_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {{
		panic(err)
	}}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return string(answer)
}}

func main() {{
	ask("PUT", "&ttl_seconds=600", "hello")
	println(ask("GET", "", ""))
}}
END
go run attimo.go
"""
_JAVA = """\
cat > Attimo.java <<'END'
import java.net.URI;
import java.net.http.*;

class Attimo {{
    static String ask(String method, String query, String body) throws Exception {{
        var url = System.getenv("ATTIMO_URL") + "/cache/{cache}?key=greeting" + query;
        var request = HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", System.getenv("ATTIMO_TOKEN"))
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        return HttpClient.newHttpClient()
            .send(request, HttpResponse.BodyHandlers.ofString()).body();
    }}

    public static void main(String[] arguments) throws Exception {{
        ask("PUT", "&ttl_seconds=600", "hello");
        System.out.println(ask("GET", "", ""));
    }}
}}
END
java {trust}Attimo.java
"""
_RUST = """\
cargo new --quiet attimo-first && cd attimo-first
cargo add --quiet ureq@3 --features platform-verifier
cat > src/main.rs <<'END'
use std::env::var;
use ureq::{{Agent, tls::{{RootCerts, TlsConfig}}}};

fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let url = format!("{{}}/cache/{cache}?key=greeting", var("ATTIMO_URL")?);
    let token = var("ATTIMO_TOKEN")?;
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent = Agent::config_builder().tls_config(tls).build().new_agent();
    let put = agent.put(format!("{{url}}&ttl_seconds=600"));
    put.header("Authorization", &token).send("hello")?;
    let mut got = agent.get(&url).header("Authorization", &token).call()?;
    println!("{{}}", got.body_mut().read_to_string()?);
    Ok(())
}}
END
cargo run --quiet
"""
_TRUSTED = """\
curl -o ca.pem {url}/ca.pem --insecure
export CURL_CA_BUNDLE="$PWD/ca.pem" SSL_CERT_FILE="$PWD/ca.pem" NODE_EXTRA_CA_CERTS="$PWD/ca.pem"
"""
_STORE = """\
keytool -importcert -noprompt -alias attimo -file ca.pem -keystore ca.p12 -storepass attimo
"""
_IN_STORE = "-Djavax.net.ssl.trustStore=ca.p12 -Djavax.net.ssl.trustStorePassword=attimo "


@dataclass(frozen=True, slots=True)
class Example:
    """The lines of one language; `title` names it, `lines` are for a shell."""

    title: str
    lines: str


@dataclass(frozen=True, slots=True)
class Examples:
    """The lines of one cache.

    Attributes:
        url: Where programs reach the server; None if it is not reached by HTTP.
        trust: Lines that fetch the certificate to trust; empty if clients trust it already.
        languages: Lines that write a value and read it.
    """

    url: str | None
    trust: str
    languages: Sequence[Example]


def of_cache(addresses: Addresses, request: Request, name: str) -> Examples:
    """Return the lines that use a cache."""
    url = _url(addresses, request)
    if url is None:
        return Examples(None, "", ())
    trusts = url == addresses.https and addresses.root() is not None
    cache = quote(name, safe="")
    java = (_STORE if trusts else "") + _JAVA
    lines = {
        "curl": _CURL,
        "Python": _PYTHON,
        "Node.js": _NODE,
        "Go": _GO,
        "Java": java,
        "Rust": _RUST,
    }
    filled = [
        Example(title, each.format(cache=cache, trust=_IN_STORE if trusts else ""))
        for title, each in lines.items()
    ]
    return Examples(url, _TRUSTED.format(url=url) if trusts else "", filled)


def _url(addresses: Addresses, request: Request) -> str | None:
    is_plain = request.headers.get(cookies.SCHEME_HEADER) == "http"
    if addresses.http and (addresses.https is None or (is_plain and _is_here(request))):
        return addresses.http
    return addresses.https


def _is_here(request: Request) -> bool:
    """Whether the browser reached the server by a name of its own machine."""
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:  # a bracket without its other
        return False
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
