//! RSA keys made from a seed, and signatures with them. For tests only: whoever knows the seed knows the key.

use md5::{Digest as _, Md5};
use num_bigint::BigUint;
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};

use super::hex;
use super::random::Random;

/// A key pair, as CloudTrail has one per region and time.
pub struct SigningKey {
    ring: KeyPair,
    modulus: BigUint,
    private: BigUint,
    /// DER of the RSAPublicKey.
    pub der: Vec<u8>,
    /// Lower-case hexadecimal MD5 of `der`.
    pub fingerprint: String,
}

impl SigningKey {
    /// The 2048-bit key of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x7275_7374);
        let e = BigUint::from(65_537_u32);
        let one = BigUint::from(1_u32);
        let (mut p, mut q) = (prime(&mut random), prime(&mut random));
        if p < q {
            std::mem::swap(&mut p, &mut q);
        }
        let modulus = &p * &q;
        let private = e
            .modinv(&((&p - &one) * (&q - &one)))
            .expect("the primes were chosen for it");
        let (d_p, d_q) = (&private % (&p - &one), &private % (&q - &one));
        let q_inv = q.modinv(&p).expect("p and q are different primes");
        let bytes = |n: &BigUint| n.to_bytes_be();
        let public_key = PublicKeyComponents {
            n: bytes(&modulus),
            e: bytes(&e),
        };
        let components = KeyPairComponents {
            public_key,
            d: bytes(&private),
            p: bytes(&p),
            q: bytes(&q),
            dP: bytes(&d_p),
            dQ: bytes(&d_q),
            qInv: bytes(&q_inv),
        };
        let ring = KeyPair::from_components(&components).expect("a well-formed key");
        let der = sequence(&[integer(&modulus), integer(&e)].concat());
        let fingerprint = hex(&Md5::digest(&der));
        Self {
            ring,
            modulus,
            private,
            der,
            fingerprint,
        }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.ring.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        let encoding = &ring::signature::RSA_PKCS1_SHA256;
        self.ring
            .sign(encoding, &random, message, &mut signature)
            .expect("the buffer has the key's length");
        signature
    }

    /// The same with SHA-1, which CloudTrail does not use and a verifier must not take.
    pub fn sign_sha1(&self, message: &[u8]) -> Vec<u8> {
        const SHA1: &[u8] = &[
            0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 20,
        ];
        let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, message);
        let info = [SHA1, hash.as_ref()].concat();
        let mut block = vec![0xff; 256 - info.len()];
        block[..2].copy_from_slice(&[0, 1]);
        *block.last_mut().expect("not empty") = 0;
        block.extend(info);
        let signature = BigUint::from_bytes_be(&block)
            .modpow(&self.private, &self.modulus)
            .to_bytes_be();
        [vec![0; 256 - signature.len()], signature].concat()
    }
}

/// A 1024-bit prime whose two highest bits are set, so that the product of two has 2048.
fn prime(random: &mut Random) -> BigUint {
    let one = BigUint::from(1_u32);
    let two = BigUint::from(2_u32);
    let small: Vec<u32> = (3..2000_u32)
        .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
        .collect();
    loop {
        let mut bytes = random.bytes(128);
        bytes[0] |= 0xc0;
        bytes[127] |= 1;
        let candidate = BigUint::from_bytes_be(&bytes);
        let composite = small.iter().any(|n| &candidate % *n == BigUint::ZERO);
        let minus = &candidate - &one;
        if composite || &minus % 65_537_u32 == BigUint::ZERO {
            continue;
        }
        // Fermat's test suffices for numbers that nobody chose to deceive it.
        if two.modpow(&minus, &candidate) == one {
            return candidate;
        }
    }
}

fn integer(n: &BigUint) -> Vec<u8> {
    let mut bytes = n.to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    element(2, &bytes)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    element(0x30, content)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short element");
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        _ => [&[tag, 0x82], &length.to_be_bytes()[..]].concat(),
    };
    [head, content.to_vec()].concat()
}
