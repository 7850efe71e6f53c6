//! Identifiers and addresses that are one long word and carry a check of their own: Italy's fiscal code, India's GSTIN,
//! Mexico's CURP; addresses of Bitcoin (base58check, bech32) and Ethereum (EIP-55).

use sha2::{Digest, Sha256};

use super::Span;
use crate::bytes::{count_while, follows_alphanumeric, is_alphanumeric_at};
use crate::detector::Detector;
use crate::keccak::keccak256;

/// Longest word that is looked at.
const LONGEST: usize = 74;

/// The identifier that is the word at `at`, which nothing precedes.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    if follows_alphanumeric(text, at) {
        return None;
    }
    let span = parse(text, at)?;
    (!is_alphanumeric_at(text, span.end)).then_some(span)
}

/// The same, whatever stands before it and behind.
pub(crate) fn parse(text: &[u8], at: usize) -> Option<Span> {
    // Quick, since hardly any word is as long: a UUID has a dash at one of these.
    if ![4, 9, 13]
        .iter()
        .all(|ahead| is_alphanumeric_at(text, at + ahead))
    {
        return None;
    }
    let length = count_while(text, at, LONGEST + 1, |byte| byte.is_ascii_alphanumeric());
    let word = &text[at..at + length];
    let detector = match (word.first()?, length) {
        (b'1' | b'3', 26..=35) if is_base58check(word) => Detector::Crypto,
        (b'b' | b'B', 14..=LONGEST) if is_bech32(word) => Detector::Crypto,
        (b'0', 42) if is_ethereum(word) => Detector::Crypto,
        (_, 16) if is_fiscal_code(word) => Detector::ItFiscalCode,
        (_, 15) if is_gstin(word) => Detector::InGstin,
        (_, 18) if is_curp(word) => Detector::MxCurp,
        _ => return None,
    };
    Some(Span::new(at, at + length, detector))
}

/// Base58 of a version, 20 bytes and 4 bytes of a double SHA-256.
fn is_base58check(word: &[u8]) -> bool {
    const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; 25];
    for letter in word {
        let Some(mut carry) = DIGITS.iter().position(|digit| digit == letter) else {
            return false;
        };
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let hash = Sha256::digest(Sha256::digest(&bytes[..21]));
    matches!(bytes[0], 0 | 5) && hash[..4] == bytes[21..]
}

/// BIP 173 and BIP 350 for `bc1`: the checksum of 5-bit groups.
fn is_bech32(word: &[u8]) -> bool {
    const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let lower = word.to_ascii_lowercase();
    let mixed = lower != word && word.to_ascii_uppercase() != word;
    let Some(data) = lower.strip_prefix(b"bc1").filter(|_| !mixed) else {
        return false;
    };
    let step = |sum: u32, value: u32| {
        let top = sum >> 25;
        (0..5).fold((sum & 0x01ff_ffff) << 5 ^ value, |sum, bit| {
            if top >> bit & 1 == 1 {
                sum ^ GENERATOR[bit]
            } else {
                sum
            }
        })
    };
    let mut sum = [3, 3, 0, 2, 3].into_iter().fold(1, step);
    for letter in data {
        let Some(value) = DIGITS.iter().position(|digit| digit == letter) else {
            return false;
        };
        sum = step(sum, value as u32);
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

/// EIP-55: the capitals among the hexadecimal digits say the hash of the address. Without any there is no check.
fn is_ethereum(word: &[u8]) -> bool {
    let Some(digits) = word
        .strip_prefix(b"0x")
        .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    else {
        return false;
    };
    let lower = digits.to_ascii_lowercase();
    if lower == digits || digits.to_ascii_uppercase() == digits {
        return false;
    }
    let hash = keccak256(&lower);
    digits
        .iter()
        .enumerate()
        .filter(|(_, digit)| digit.is_ascii_alphabetic())
        .all(|(place, digit)| {
            let nibble = hash[place / 2] >> (if place % 2 == 0 { 4 } else { 0 }) & 15;
            digit.is_ascii_uppercase() == (nibble >= 8)
        })
}

/// Whether the word has letters (`A`), digits (`9`) and either (`*`) as the form says.
fn has_form(word: &[u8], form: &[u8]) -> bool {
    word.len() == form.len()
        && word.iter().zip(form).all(|(byte, class)| match class {
            b'A' => byte.is_ascii_alphabetic(),
            b'9' => byte.is_ascii_digit(),
            _ => true,
        })
}

/// The value of a letter or digit to base 36.
fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

fn is_fiscal_code(word: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    if !has_form(word, b"AAAAAA99A99A999A") {
        return false;
    }
    let place = |byte: &u8| {
        if byte.is_ascii_digit() {
            u32::from(byte - b'0')
        } else {
            value(*byte) - 10
        }
    };
    let sum: u32 = word[..15]
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            if index % 2 == 0 {
                ODD[place(byte) as usize]
            } else {
                place(byte)
            }
        })
        .sum();
    sum % 26 == place(&word[15])
}

fn is_gstin(word: &[u8]) -> bool {
    if !has_form(word, b"99AAAAA9999A***") || !word[13].eq_ignore_ascii_case(&b'Z') {
        return false;
    }
    let sum: u32 = word[..14]
        .iter()
        .enumerate()
        .map(|(index, byte)| {
            let product = value(*byte) * (index as u32 % 2 + 1);
            product / 36 + product % 36
        })
        .sum();
    (36 - sum % 36) % 36 == value(word[14])
}

fn is_curp(word: &[u8]) -> bool {
    // Letters behind N count one more: Ñ is between.
    let place = |byte: &u8| value(*byte) + u32::from(byte.to_ascii_uppercase() > b'N');
    let sum = |word: &[u8]| {
        word[..17]
            .iter()
            .zip((2..=18).rev())
            .map(|(byte, weight)| place(byte) * weight)
            .sum::<u32>()
    };
    has_form(word, b"AAAA999999AAAAAA*9") && (10 - sum(word) % 10) % 10 == value(word[17])
}
