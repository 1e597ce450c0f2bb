//! `Authorization: Basic` (RFC 7617): the token as the password, after any user name.
//!
//! For clients that support nothing else (encoders, CDNs, `curl -u`).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::message::Headers;

/// RFC 9110 §11.1: the name of a scheme is case-insensitive.
const SCHEME: &[u8] = b"basic";
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY_PADDING);

/// The password in `headers`; `None` if there is another scheme, or no password that could be a
/// token: such a credential is kept as it is, and fails verification.
pub(super) fn password(headers: &Headers) -> Option<Vec<u8>> {
    let credentials = headers.get("authorization")?.as_bytes();
    let (scheme, encoded) = credentials.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || encoded.first() != Some(&b' ') {
        return None;
    }
    let mut pair = BASE64.decode(encoded.trim_ascii()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let password = pair.split_off(colon + 1);
    (!password.is_empty()).then_some(password)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD as PADDED, STANDARD_NO_PAD};
    use http::header;

    use super::*;

    fn of(value: &str) -> Option<Vec<u8>> {
        let mut headers = Headers::default();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        password(&headers)
    }

    #[test]
    fn the_password_is_all_behind_the_first_colon() {
        for (pair, found) in [
            ("momento:token", Some(&b"token"[..])),
            (":token", Some(b"token")),
            ("user:to:ken", Some(b"to:ken")),
            ("user:", None),
            ("token", None),
            ("", None),
        ] {
            for encoded in [PADDED.encode(pair), STANDARD_NO_PAD.encode(pair)] {
                assert_eq!(of(&format!("Basic {encoded}")).as_deref(), found, "{pair}");
                assert_eq!(of(&format!("BASIC   {encoded}")).as_deref(), found, "{pair}");
            }
        }
    }

    #[test]
    fn what_is_no_basic_is_left_as_it_is() {
        let encoded = PADDED.encode("user:token");
        for value in ["", "Basic", "Basic ", "Basic !", "Bearer x"] {
            assert_eq!(of(value), None, "{value}");
        }
        assert_eq!(of(&format!("Basic{encoded}")), None);
        assert_eq!(of(&format!("Digest {encoded}")), None);
        assert_eq!(password(&Headers::default()), None);
    }
}
