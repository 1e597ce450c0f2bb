//! Recognizes requests that a proxy, load balancer or CDN forwarded.
//!
//! Such a request comes from another client, who may be anywhere. The list matches patterns of
//! header names, since new products follow the naming of old ones.

use http::header::HeaderName;

use crate::message::Headers;

/// Whether a proxy has forwarded the request.
pub(super) fn handed_on(headers: &Headers) -> bool {
    headers.keys().any(adds)
}

/// Whether proxies add headers of this name.
fn adds(name: &HeaderName) -> bool {
    let name = name.as_str();
    let (first, rest) = name.split_once('-').unwrap_or((name, ""));
    match first {
        "x" => is_of_proxy_by_x(rest),
        // RFC 7239, RFC 9110 §7.6.3, RFC 8586 (`cdn-loop`); then Cloudflare, Fastly, Fly,
        // CloudFront, Akamai, Imperva, Tailscale, ngrok, the WebLogic plug-in, and
        // `ssl-client-cert`.
        "forwarded" | "via" | "cdn" | "cf" | "fastly" | "fly" | "cloudfront" | "akamai"
        | "incap" | "tailscale" | "ngrok" | "wl" | "ssl" => true,
        // `true-client-ip`, `client-ip`, `do-connecting-ip`, `proxy-client-ip`, `remote-addr`.
        "true" | "client" | "do" | "proxy" | "remote" => names_a_person(rest),
        "front" => rest == "end-https",
        _ => false,
    }
}

/// The same for the rest of names that start with `x-`: those that describe a client and its
/// connection (`x-forwarded-*`, `x-real-*`, `x-client-*`, `x-original-*`, `x-scheme`, `x-ssl-*`,
/// …), and those of products.
fn is_of_proxy_by_x(rest: &str) -> bool {
    let (kind, more) = rest.split_once('-').unwrap_or((rest, ""));
    match kind {
        "forwarded" | "forward" | "real" | "client" | "cluster" | "original" | "originating"
        | "remote" | "rewrite" | "proxy" | "proxied" | "proxyuser" | "host" | "scheme" | "url"
        | "proto" | "port" | "https" | "ssl" | "tls" | "amzn" | "azure" | "arr" | "fd"
        | "envoy" | "akamai" | "vercel" | "nf" | "nginx" | "accel" | "traefik" | "varnish"
        | "haproxy" | "sucuri" | "cdn" | "edge" | "appengine" | "cloud" | "google" | "goog"
        | "caddy" | "kong" | "pomerium" | "squid" => true,
        // oauth2-proxy; `x-auth-token` comes from clients.
        "auth" => more.starts_with("request-"),
        "amz" => more.starts_with("cf-"),
        "ms" => more.starts_with("client-principal"),
        // `x-request-start`, which the routers of Heroku and Render set.
        "request" => more == "start",
        _ => false,
    }
}

/// Whether the second part of a name is about an address or a user.
fn names_a_person(rest: &str) -> bool {
    matches!(
        rest,
        "ip" | "addr" | "address" | "user" | "host" | "port" | "client-ip" | "connecting-ip"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_added(name: &str) -> bool {
        adds(&name.parse().unwrap())
    }

    #[test]
    fn headers_of_proxies_are_recognized() {
        for name in "forwarded via cdn-loop x-forwarded-for x-forwarded-host x-forwarded-port \
            x-forwarded-proto x-forwarded-server x-forwarded-scheme x-forwarded-ssl \
            x-forwarded-prefix x-forwarded-client-cert x-forwarded x-real-ip x-real-port \
            x-client-ip x-client-cert x-cluster-client-ip x-original-for \
            x-original-forwarded-for x-original-host x-original-url x-originating-ip \
            x-remote-ip x-remote-addr x-remote-user x-rewrite-url x-proxyuser-ip x-host \
            x-scheme x-url-scheme x-ssl-client-cert x-amzn-trace-id x-amzn-tls-version \
            x-amz-cf-id x-azure-clientip x-azure-ref x-azure-socketip x-arr-ssl x-arr-log-id \
            x-ms-client-principal-name x-fd-healthprobe x-envoy-external-address \
            x-envoy-attempt-count x-envoy-expected-rq-timeout-ms x-akamai-edgescape \
            x-vercel-forwarded-for x-vercel-id x-nf-client-connection-ip x-nginx-proxy \
            x-accel-internal x-varnish x-cloud-trace-context x-appengine-user-ip \
            x-goog-iap-jwt-assertion x-auth-request-user x-request-start x-cdn x-edge-ip \
            x-forward-for x-sucuri-clientip cf-ray cf-connecting-ip cf-connecting-ipv6 \
            cf-ipcountry cf-visitor cf-worker cf-ew-via true-client-ip client-ip \
            fastly-client-ip fastly-ssl fastly-ff fly-client-ip fly-forwarded-port \
            fly-region do-connecting-ip proxy-client-ip wl-proxy-client-ip akamai-origin-hop \
            incap-client-ip tailscale-user-login cloudfront-viewer-country \
            cloudfront-forwarded-proto remote-addr remote-user ssl-client-verify \
            front-end-https"
            .split_whitespace()
        {
            assert!(is_added(name), "{name}");
        }
    }

    #[test]
    fn headers_that_clients_send_themselves_are_not_mistaken_for_a_proxys() {
        for name in "accept accept-encoding agent authorization cache content-type content-length \
            cookie client-timeout connection expect from grpc-accept-encoding grpc-timeout \
            host if-none-match origin priority proxy-connection range referer \
            runtime-version sec-fetch-site te traceparent user-agent x-api-key x-b3-traceid \
            x-csrf-token x-custom x-grpc-web x-request-id x-requested-with x-user-agent \
            x-correlation-id"
            .split_whitespace()
        {
            assert!(!is_added(name), "{name}");
        }
    }
}
