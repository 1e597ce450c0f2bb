//! Encoder and decoder together, and the examples of RFC 7541, Appendix C.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Decoder, Encoder, Name};

/// The headers of a block as text, and their size.
fn decoded(decoder: &mut Decoder, block: &[u8]) -> (Vec<String>, usize) {
    let (mut headers, mut sum) = (Vec::new(), 0);
    let outcome = decoder.decode(block, |name, value, size| {
        let value = value.map_or("?", |value| value.to_str().unwrap());
        headers.push(format!("{}: {value}", text(name)));
        sum += size;
    });
    outcome.unwrap();
    (headers, sum)
}

fn text(name: &Name) -> &str {
    match name {
        Name::Method => ":method",
        Name::Scheme => ":scheme",
        Name::Authority => ":authority",
        Name::Path => ":path",
        Name::Protocol => ":protocol",
        Name::Unknown => ":?",
        Name::Header(name) => name.as_str(),
        Name::Malformed => "?",
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// Decodes blocks in order with one decoder.
fn assert_decoded(decoder: &mut Decoder, blocks: &[(&str, &[&str])]) {
    for (block, expected) in blocks {
        assert_eq!(decoded(decoder, &from_hex(block)).0, *expected, "{block}");
    }
}

const FIRST: [&str; 4] =
    [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
const SECOND: [&str; 5] = [FIRST[0], FIRST[1], FIRST[2], FIRST[3], "cache-control: no-cache"];
const THIRD: [&str; 5] = [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
];

#[test]
fn one_header_of_each_kind_is_decoded() {
    for (block, expected) in [
        (
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            "custom-key: custom-header",
        ),
        ("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"),
        ("82", ":method: GET"),
    ] {
        assert_decoded(&mut Decoder::default(), &[(block, &[expected])]);
    }
}

#[test]
fn requests_are_decoded_in_order() {
    assert_decoded(
        &mut Decoder::default(),
        &[
            ("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", &FIRST),
            ("8286 84be 5808 6e6f 2d63 6163 6865", &SECOND),
            ("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", &THIRD),
        ],
    );
}

#[test]
fn huffman_coded_requests_are_decoded_in_order() {
    assert_decoded(
        &mut Decoder::default(),
        &[
            ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", &FIRST),
            ("8286 84be 5886 a8eb 1064 9cbf", &SECOND),
            ("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", &THIRD),
        ],
    );
}

#[test]
fn a_small_table_evicts_what_no_longer_fits() {
    let (private, location) = ("cache-control: private", "location: https://www.example.com");
    let (early, late) =
        ("date: Mon, 21 Oct 2013 20:13:21 GMT", "date: Mon, 21 Oct 2013 20:13:22 GMT");
    let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    assert_decoded(
        &mut Decoder::default(),
        &[
            // A table of 256 bytes, as in the examples of C.6.
            ("3fe1 01", &[]),
            (
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
                 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                &[":?: 302", private, early, location],
            ),
            ("4883 640e ffc1 c0bf", &[":?: 307", private, early, location]),
            (
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab \
                 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f \
                 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
                &[":?: 200", private, late, location, "content-encoding: gzip", cookie],
            ),
            ("bebf c0", &[cookie, "content-encoding: gzip", late]),
        ],
    );
}

#[test]
fn header_sizes_are_those_of_http_2_settings() {
    let block = from_hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");
    let size: usize = FIRST.iter().map(|header| header.len() - 2 + 32).sum();
    assert_eq!(decoded(&mut Decoder::default(), &block).1, size);
}

/// A name, often one that the encoder knows.
fn name() -> impl Strategy<Value = HeaderName> {
    let known =
        ["content-type", "grpc-status", "vary", "date", "etag", "set-cookie", "x-request-id"];
    let known = prop::sample::select(known.to_vec()).prop_map(HeaderName::from_static);
    let any = "[a-z0-9-]{1,200}".prop_map(|name| name.parse().unwrap());
    prop_oneof![2 => known, 1 => any]
}

/// A value, often one that the encoder knows.
fn value() -> impl Strategy<Value = HeaderValue> {
    let known = ["application/grpc", "application/json", "0", "origin", "*", ""];
    let known = prop::sample::select(known.to_vec()).prop_map(HeaderValue::from_static);
    prop_oneof![2 => known, 1 => "[ -~]{0,300}".prop_map(|value| value.parse().unwrap())]
}

/// A table size that the client may announce before a block.
fn resized() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![4 => Just(None), 1 => (0..8_192_u32).prop_map(Some), 1 => (400..600_u32).prop_map(Some)]
}

/// A block of valid headers, table size updates and arbitrary bytes.
fn block() -> impl Strategy<Value = Vec<u8>> {
    let whole = [
        &b"\x82"[..],
        b"\xbe",
        b"\x00\x01a\x01b",
        b"\x40\x01A\x82\x64\x02",
        b"\x7e\x00",
        b"\x5f\x01\n",
        b"\x3f\x45",
        b"\x3f\xe1\x1f",
    ];
    let whole = prop::sample::select(whole.to_vec()).prop_map(<[u8]>::to_vec);
    let part = prop_oneof![9 => whole, 1 => vec(any::<u8>(), 1..50)];
    vec(part, 0..20).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in vec(any::<u8>(), 0..500),
        blocks in vec(block(), 1..5),
    ) {
        let mut decoder = Decoder::default();
        for block in blocks {
            let _ = decoder.decode(&block, |_, _, _| {});
        }
        let _ = decoder.decode(&bytes, |_, _, _| {});
    }

    #[test]
    fn a_block_that_leaves_the_table_unchanged_decodes_the_same_again(
        before in vec(block(), 0..5),
        block in block(),
    ) {
        let mut decoder = Decoder::default();
        for block in before {
            let _ = decoder.decode(&block, |_, _, _| {});
        }
        let mut read = || {
            let mut taken = Vec::new();
            let outcome = decoder.decode(&block, |name, value, size| {
                taken.push((name.clone(), value.cloned(), size));
            });
            (outcome, taken)
        };
        let first = read();
        if first.0.as_ref().is_ok_and(|decoded| decoded.is_unchanged) {
            prop_assert_eq!(first, read());
        }
    }

    #[test]
    fn encoded_headers_are_decoded(
        blocks in vec((resized(), resized(), 100..=999_u16, vec((name(), value()), 0..8)), 1..8),
    ) {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::default());
        for (first, second, status, headers) in blocks {
            for size in [first, second].into_iter().flatten() {
                encoder.resize(size);
            }
            let mut block = Vec::new();
            encoder.begin(&mut block);
            encoder.status(StatusCode::from_u16(status).unwrap(), &mut block);
            let mut expected = vec![format!(":?: {status}")];
            for (name, value) in &headers {
                encoder.header(name, value, &mut block);
                expected.push(format!("{name}: {}", value.to_str().unwrap()));
            }
            prop_assert_eq!(decoded(&mut decoder, &block).0, expected);
        }
    }
}
