//! What proxies, load balancers and content networks add to a request that they hand on.
//!
//! A request with any of these headers was forwarded for another client, who may be anywhere. The
//! list matches kinds of names, since new products name their headers as old ones do.

use http::header::HeaderName;

use crate::message::Headers;

/// Whether a proxy has handed the request on.
pub(super) fn handed_on(headers: &Headers) -> bool {
    headers.keys().any(adds)
}

/// Whether a header of this name is one that proxies add.
fn adds(name: &HeaderName) -> bool {
    let name = name.as_str();
    let (first, rest) = name.split_once('-').unwrap_or((name, ""));
    match first {
        "x" => is_of_proxy_by_x(rest),
        // RFC 7239, RFC 9110 §7.6.3, RFC 8586 (`cdn-loop`); then Cloudflare, Fastly, Fly,
        // CloudFront, Akamai, Imperva, Tailscale, ngrok, WebLogic's plug-in, and `ssl-client-cert`.
        "forwarded" | "via" | "cdn" | "cf" | "fastly" | "fly" | "cloudfront" | "akamai"
        | "incap" | "tailscale" | "ngrok" | "wl" | "ssl" => true,
        // `true-client-ip`, `client-ip`, `do-connecting-ip`, `proxy-client-ip`, `remote-addr`.
        "true" | "client" | "do" | "proxy" | "remote" => tells_of_a_person(rest),
        "front" => rest == "end-https",
        _ => false,
    }
}

/// The same for what follows `x-`: what is told of a client and its connection (`x-forwarded-*`,
/// `x-real-*`, `x-client-*`, `x-original-*`, `x-scheme`, `x-ssl-*`, …), and the names of products.
fn is_of_proxy_by_x(rest: &str) -> bool {
    let (kind, more) = rest.split_once('-').unwrap_or((rest, ""));
    match kind {
        "forwarded" | "forward" | "real" | "client" | "cluster" | "original" | "originating"
        | "remote" | "rewrite" | "proxy" | "proxied" | "proxyuser" | "host" | "scheme" | "url"
        | "proto" | "port" | "https" | "ssl" | "tls" | "amzn" | "azure" | "arr" | "fd"
        | "envoy" | "akamai" | "vercel" | "nf" | "nginx" | "accel" | "traefik" | "varnish"
        | "haproxy" | "sucuri" | "cdn" | "edge" | "appengine" | "cloud" | "google" | "goog"
        | "caddy" | "kong" | "pomerium" | "squid" => true,
        // oauth2-proxy; `x-auth-token` is a client's own.
        "auth" => more.starts_with("request-"),
        "amz" => more.starts_with("cf-"),
        "ms" => more.starts_with("client-principal"),
        // Heroku's and Render's, which the router in front sets.
        "request" => more == "start",
        _ => false,
    }
}

/// Whether the second part of a name is about an address or a user.
fn tells_of_a_person(rest: &str) -> bool {
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
    fn every_kind_of_name_that_proxies_add_is_known() {
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
    fn what_programs_send_of_themselves_is_not_taken_for_a_proxys() {
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
