//! Integers with an N-bit prefix (RFC 7541 §5.1).

use super::Broken;

/// The shifts of the continuation bytes. Five bytes suffice for 32 bits; more would only add zeros.
const SHIFTS: [u32; 5] = [0, 7, 14, 21, 28];

/// Reads an integer with a prefix of `bits` bits, 4 to 7, from the front of `input`.
///
/// # Errors
///
/// [`Broken`] if it is incomplete or exceeds 32 bits.
pub(super) fn read(input: &mut &[u8], bits: u32) -> Result<u32, Broken> {
    let mask = (1 << bits) - 1;
    let first = next(input)? & mask;
    if first < mask {
        return Ok(first.into());
    }
    let mut value = u64::from(mask);
    for shift in SHIFTS {
        let byte = next(input)?;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| Broken);
        }
    }
    Err(Broken)
}

fn next(input: &mut &[u8]) -> Result<u8, Broken> {
    input.split_off_first().copied().ok_or(Broken)
}

/// Appends `value` with a prefix of `bits` bits, 4 to 7; `pattern` has the other bits of the first
/// byte.
pub(super) fn write(to: &mut Vec<u8>, pattern: u8, bits: u32, value: usize) {
    let mask = (1 << bits) - 1;
    let Some(mut rest) = value.checked_sub(usize::from(mask)) else {
        to.push(pattern | value.to_le_bytes()[0]);
        return;
    };
    if rest < 0x80 {
        return to.extend_from_slice(&[pattern | mask, rest.to_le_bytes()[0]]);
    }
    to.push(pattern | mask);
    while rest >= 0x80 {
        to.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    to.push(rest.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pattern: u8, bits: u32, value: usize) -> Vec<u8> {
        let mut to = Vec::new();
        write(&mut to, pattern, bits, value);
        to
    }

    #[test]
    fn the_examples_of_the_rfc_are_written() {
        assert_eq!(written(0xe0, 5, 10), [0xea]);
        assert_eq!(written(0, 5, 1337), [0x1f, 0x9a, 0x0a]);
        assert_eq!(written(0, 7, 42), [0x2a]);
    }

    #[test]
    fn a_written_integer_is_read_back_and_the_rest_of_the_input_stays() {
        for value in [0, 1, 14, 15, 16, 30, 31, 126, 127, 128, 254, 255, 16_511, u32::MAX] {
            for bits in 4..=7 {
                let mut bytes = written(0xff << bits, bits, value as usize);
                bytes.push(0xaa);
                let mut input = &bytes[..];
                assert_eq!(read(&mut input, bits), Ok(value));
                assert_eq!(input, [0xaa]);
            }
        }
    }

    #[test]
    fn an_incomplete_or_too_large_integer_is_an_error() {
        for bytes in [
            &b""[..],
            b"\x1f",
            b"\x1f\x80",
            b"\x1f\xff\xff\xff\xff\x0f",
            b"\x1f\xff\xff\xff\xff\xff\x00",
            b"\x1f\x80\x80\x80\x80\x80\x00",
        ] {
            assert_eq!(read(&mut &bytes[..], 5), Err(Broken), "{bytes:?}");
        }
        let most = [0x1f, 0xe0, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(read(&mut &most[..], 5), Ok(u32::MAX));
    }
}
