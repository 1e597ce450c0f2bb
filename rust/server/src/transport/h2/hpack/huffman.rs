//! Decodes Huffman-coded strings; the server never encodes them (RFC 7541 §5.2 and Appendix B).
//!
//! The code is canonical: shorter codes come first, and codes of the same length are in the order
//! of their symbols. So it follows from the lengths alone.

use super::Broken;

/// The length of each byte's code, in bits; the last is EOS.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
const SHORTEST: usize = 5;
const LONGEST: usize = 30;
/// How many bits one lookup takes: two letters or digits that are frequent in paths.
const AT_ONCE: u32 = 12;
/// How many bits are held while there are more: no code is longer.
const FILLED: u32 = 32;

/// Where the codes of one length end.
#[derive(Clone, Copy)]
struct Row {
    /// One more than the last code of this length.
    end: u32,
    /// How many codes have this length or less.
    count: u32,
}

static ROWS: [Row; LONGEST + 1] = rows();
/// The symbols, in the order of their codes.
static SYMBOLS: [u16; 257] = symbols();
/// The first symbols of each possible sequence of twelve bits.
static STARTS: [Start; 1 << AT_ONCE] = starts();

/// One or two symbols with complete codes.
#[derive(Clone, Copy)]
struct Start {
    bytes: [u8; 2],
    /// The number of symbols; 0 if the code of the first is longer than a lookup.
    count: u8,
    /// The length of their codes together, in bits.
    length: u8,
}

const fn rows() -> [Row; LONGEST + 1] {
    let mut rows = [Row { end: 0, count: 0 }; LONGEST + 1];
    let mut length = 1;
    while length <= LONGEST {
        let Row { end, count } = rows[length - 1];
        rows[length] = Row { end: 2 * end, count };
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                rows[length].end += 1;
                rows[length].count += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    rows
}

const fn symbols() -> [u16; 257] {
    let (mut symbols, mut place, mut length) = ([0; 257], 0, 1);
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol as usize] as usize == length {
                symbols[place] = symbol;
                place += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    symbols
}

const fn starts() -> [Start; 1 << AT_ONCE] {
    let mut starts = [Start { bytes: [0; 2], count: 0, length: 0 }; 1 << AT_ONCE];
    let mut bits = 0;
    while bits < 1 << AT_ONCE {
        let start = &mut starts[bits as usize];
        while start.count < 2 {
            let rest = bits << (u32::BITS - AT_ONCE) << start.length;
            let (symbol, length) = search(rest, 1);
            let all = start.length.saturating_add(length.to_le_bytes()[0]);
            if all as u32 > AT_ONCE {
                break;
            }
            start.bytes[start.count as usize] = symbol.to_le_bytes()[0];
            start.count += 1;
            start.length = all;
        }
        bits += 1;
    }
    starts
}

/// The first symbol of `bits` and the length of its code, which is at least `length`.
const fn search(bits: u32, mut length: u32) -> (u16, u32) {
    loop {
        let (code, row) = (bits >> (u32::BITS - length), ROWS[length as usize]);
        // The longest codes cover all remaining values, so the loop ends.
        if code < row.end {
            return (SYMBOLS[(row.count - (row.end - code)) as usize], length);
        }
        length += 1;
    }
}

/// Decodes `text` to the front of `to`, which grows if it must, and returns the length of the result: at
/// most 8/5 of that of `text`.
///
/// # Errors
///
/// [`Broken`] if it contains EOS, or its padding is not at most seven ones.
pub(super) fn decode(text: &[u8], to: &mut Vec<u8>) -> Result<usize, Broken> {
    let room = text.len() * 8 / SHORTEST + 2;
    if to.len() < room {
        to.resize(room, 0);
    }
    let to = &mut to[..room];
    let (mut bits, mut at) = (Bits { text, held: 0, count: 0 }, 0);
    loop {
        bits = bits.filled();
        // As long as a lookup has all of its bits, whatever it finds is there.
        while bits.count >= AT_ONCE {
            let Start { bytes, count, length } = bits.start();
            if count == 0 {
                break;
            }
            to[at..at + 2].copy_from_slice(&bytes);
            at += usize::from(count);
            bits = bits.without(length.into());
        }
        if bits.count < FILLED && !bits.text.is_empty() {
            continue;
        }
        if bits.are_padding() {
            return Ok(at);
        }
        let Start { bytes, count, length } = bits.start();
        if count > 0 && u32::from(length) <= bits.count {
            to[at..at + 2].copy_from_slice(&bytes);
            at += usize::from(count);
            bits = bits.without(length.into());
        } else {
            let (byte, rest) = one(bits)?;
            to[at] = byte;
            at += 1;
            bits = rest;
        }
    }
}

/// Decodes a single symbol and returns it with the remaining bits.
#[cold]
fn one(bits: Bits<'_>) -> Result<(u8, Bits<'_>), Broken> {
    let (symbol, length) = search(!((bits.held >> 32) as u32), 1);
    if length > bits.count {
        return Err(Broken);
    }
    let symbol = u8::try_from(symbol).map_err(|_| Broken)?;
    Ok((symbol, bits.without(length)))
}

/// The bits still to decode. Passed by value, so that they stay in registers.
#[derive(Clone, Copy)]
struct Bits<'a> {
    text: &'a [u8],
    /// The next bits, from the top, inverted: the zeros that are shifted in at the bottom then read
    /// as ones, like padding.
    held: u64,
    /// The number of valid bits in `held`.
    count: u32,
}

impl Bits<'_> {
    /// The same with at least [`FILLED`] bits in `held`, if the text has that many left.
    fn filled(mut self) -> Self {
        if self.count >= FILLED {
            return self;
        }
        if let Some((word, rest)) = self.text.split_first_chunk() {
            self.held |= u64::from(!u32::from_be_bytes(*word)) << (32 - self.count);
            self.count += 32;
            self.text = rest;
            return self;
        }
        while let Some(byte) = self.text.split_off_first() {
            self.held |= u64::from(!byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The first symbols, if all of their bits are there.
    fn start(&self) -> Start {
        STARTS[(!self.held >> (u64::BITS - AT_ONCE)) as usize]
    }

    /// The same without the first `bits`.
    fn without(mut self, bits: u32) -> Self {
        self.held <<= bits;
        self.count -= bits;
        self
    }

    /// Whether nothing is left but the padding; no symbol is seven ones or fewer.
    fn are_padding(&self) -> bool {
        self.text.is_empty() && self.held == 0 && self.count < 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut to = b"what was here before".to_vec();
        let length = decode(text, &mut to)?;
        to.truncate(length);
        Ok(to)
    }

    /// The same, one symbol at a time.
    fn decoded_by_symbols(text: &[u8]) -> Result<Vec<u8>, Broken> {
        let (mut bits, mut to) = (Bits { text, held: 0, count: 0 }.filled(), Vec::new());
        while !bits.are_padding() {
            let (byte, rest) = one(bits)?;
            to.push(byte);
            bits = rest.filled();
        }
        Ok(to)
    }

    proptest! {
        #[test]
        fn any_text_is_decoded_as_one_symbol_after_the_other(text in vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(decoded(&text), decoded_by_symbols(&text));
        }

        #[test]
        fn what_is_encoded_is_decoded(text in vec(any::<u8>(), 0..40), readable in "[ -~]{0,80}") {
            for text in [text, readable.into_bytes()] {
                let bits: String = text.iter().map(|byte| code((*byte).into())).collect();
                prop_assert_eq!(decoded(&packed(&bits)), Ok(text));
            }
        }
    }

    /// The code of `symbol`, as text of ones and zeros.
    fn code(symbol: u16) -> String {
        let place = SYMBOLS.iter().position(|it| *it == symbol).unwrap();
        let length = usize::from(LENGTHS[usize::from(symbol)]);
        let Row { end, count } = ROWS[length];
        format!("{:0length$b}", end - (count - u32::try_from(place).unwrap()))
    }

    /// Packs a text of ones and zeros into bytes, padded with ones.
    fn packed(bits: &str) -> Vec<u8> {
        let digit = |bits: &[u8], at| bits.get(at).is_none_or(|digit| *digit == b'1');
        let byte = |bits: &[u8]| (0..8).fold(0, |sum, at| sum << 1 | u8::from(digit(bits, at)));
        bits.as_bytes().chunks(8).map(byte).collect()
    }

    #[test]
    fn the_first_code_of_each_length_matches_the_rfc() {
        for (symbol, expected) in [
            (b'0'.into(), "00000"),
            (b' '.into(), "010100"),
            (b':'.into(), "1011100"),
            (b'&'.into(), "11111000"),
            (b'!'.into(), "1111111000"),
            (b'\\'.into(), "1111111111111110000"),
            (0, "1111111111000"),
            (128, "11111111111111100110"),
            (255, "11111111111111111111101110"),
            (b'\n'.into(), "111111111111111111111111111100"),
            (256, "111111111111111111111111111111"),
        ] {
            assert_eq!(code(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn the_examples_of_the_rfc_are_decoded() {
        for (text, expected) in [
            (&b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"[..], "www.example.com"),
            (b"\xa8\xeb\x10\x64\x9c\xbf", "no-cache"),
            (b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f", "custom-key"),
            (b"\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf", "custom-value"),
            (b"\x64\x02", "302"),
            (b"\x9b\xd9\xab", "gzip"),
            (b"", ""),
        ] {
            assert_eq!(decoded(text), Ok(expected.into()));
        }
    }

    #[test]
    fn every_byte_is_decoded_alone_and_among_others() {
        let all: Vec<u8> = (0..=255).collect();
        let bits: Vec<_> = (0..256).map(code).collect();
        assert_eq!(decoded(&packed(&bits.concat())), Ok(all));
        for (byte, bits) in (0..=255).zip(&bits) {
            for count in 1..9 {
                let text = vec![byte; count];
                assert_eq!(decoded(&packed(&bits.repeat(count))), Ok(text), "{count} of {byte}");
            }
        }
    }

    #[test]
    fn invalid_padding_is_an_error() {
        let zero = code(b'0'.into());
        for bits in [
            // Padding of a whole byte or more.
            "1".repeat(8),
            "1".repeat(29),
            format!("{zero}{}", "1".repeat(11)),
            format!("{}{}", code(b'&'.into()), "1".repeat(8)),
            // Padding with a zero in it.
            format!("{zero}110"),
            format!("{zero}111{}0", "1".repeat(7)),
            // EOS, at the end and before it.
            code(256),
            format!("{}{zero}", code(256)),
        ] {
            assert_eq!(decoded(&packed(&bits)), Err(Broken), "{bits}");
        }
    }
}
