//! The tokens of the pages of a listing: positions, encrypted and authenticated.
//!
//! A token is valid for the cache and the prefix of its listing only, and until the process ends:
//! another process hashes keys in another way, so that an old position would leave out keys silently.
//! It reveals no hash, although the order of the listed keys tells how hashes compare.

use attimo_engine::{Namespace, Position};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// A shard and a hash.
const POSITION_BYTES: usize = 4 + 8;

/// The key of this process.
pub(super) struct PageTokens {
    key: LessSafeKey,
    random: SystemRandom,
}

impl PageTokens {
    /// A new random key.
    ///
    /// # Panics
    ///
    /// If the operating system has no random numbers.
    pub(super) fn new() -> Self {
        let (random, mut key) = (SystemRandom::new(), [0; 32]);
        random.fill(&mut key).expect("the operating system has random numbers");
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("a key of AES-256 has 32 bytes");
        PageTokens { key: LessSafeKey::new(key), random }
    }

    /// The token of a position; `None` if the operating system has no random numbers.
    pub(super) fn seal(
        &self,
        position: Position,
        namespace: Namespace,
        prefix: &[u8],
    ) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = [&position.shard.to_be_bytes()[..], &position.hash.to_be_bytes()].concat();
        let listing = listing(namespace, prefix);
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce_used, listing, &mut sealed).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// The position of a token; `None` if it is not one of this listing.
    pub(super) fn open(
        &self,
        token: &str,
        namespace: Namespace,
        prefix: &[u8],
    ) -> Option<Position> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, listing(namespace, prefix), sealed).ok()?;
        let position: &[u8; POSITION_BYTES] = (&*opened).try_into().ok()?;
        let (shard, hash) = position.split_at(size_of::<u32>());
        Some(Position {
            shard: u32::from_be_bytes(shard.try_into().ok()?),
            hash: u64::from_be_bytes(hash.try_into().ok()?),
        })
    }
}

/// What a token is valid for.
fn listing(namespace: Namespace, prefix: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([&namespace.0.to_be_bytes()[..], prefix].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHE: Namespace = Namespace(7);
    const POSITION: Position = Position { shard: 3, hash: 0x0123_4567_89ab_cdef };

    #[test]
    fn a_token_is_the_position_of_its_listing_and_of_no_other() {
        let tokens = PageTokens::new();
        let token = tokens.seal(POSITION, CACHE, b"user:").unwrap();

        assert_eq!(tokens.open(&token, CACHE, b"user:"), Some(POSITION));
        assert_eq!(tokens.open(&token, CACHE, b"user"), None);
        assert_eq!(tokens.open(&token, Namespace(8), b"user:"), None);
        assert_eq!(PageTokens::new().open(&token, CACHE, b"user:"), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let tokens = PageTokens::new();
        let token = tokens.seal(POSITION, CACHE, b"").unwrap();
        let mut changed = URL_SAFE_NO_PAD.decode(&token).unwrap();
        changed[NONCE_LEN] ^= 1;

        for wrong in ["", "x", "!", &token[1..], &token[..20], &URL_SAFE_NO_PAD.encode(changed)] {
            assert_eq!(tokens.open(wrong, CACHE, b""), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_shows_nothing_of_its_position_and_differs_each_time() {
        let tokens = PageTokens::new();
        let [one, other] = [0; 2].map(|_| tokens.seal(POSITION, CACHE, b"").unwrap());

        assert_ne!(one, other);
        let bytes = URL_SAFE_NO_PAD.decode(&one).unwrap();
        let shown = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(!shown(&POSITION.hash.to_be_bytes()) && !shown(&POSITION.hash.to_le_bytes()));
    }
}
