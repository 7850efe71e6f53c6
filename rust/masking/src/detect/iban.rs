//! International bank account numbers (ISO 13616): country, check digits mod 97, the registry's lengths.

use super::Span;
use crate::bytes::{follows_alphanumeric, is_alphanumeric_at};
use crate::detector::Detector;

/// Length by country: the SWIFT registry, release 99, then the countries that use the form without being registered.
#[rustfmt::skip]
const LENGTHS: &[(&[u8; 2], u8)] = &[
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16),
    (b"BG", 22), (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22),
    (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20),
    (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22),
    (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HN", 28), (b"HR", 21),
    (b"HU", 28), (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26), (b"IT", 27), (b"JO", 30),
    (b"KW", 30), (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20),
    (b"LV", 21), (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20),
    (b"MR", 27), (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23),
    (b"PK", 24), (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22),
    (b"RU", 33), (b"SA", 24), (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24),
    (b"SM", 27), (b"SO", 23), (b"ST", 25), (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26),
    (b"UA", 29), (b"VA", 22), (b"VG", 24), (b"XK", 20), (b"YE", 30), (b"AO", 25), (b"BF", 28),
    (b"BJ", 28), (b"CF", 27), (b"CG", 27), (b"CI", 28), (b"CM", 27), (b"CV", 25), (b"DZ", 26),
    (b"GA", 27), (b"GQ", 27), (b"GW", 25), (b"IR", 26), (b"KM", 27), (b"MA", 28), (b"MG", 27),
    (b"ML", 28), (b"MZ", 25), (b"NE", 28), (b"SN", 28), (b"TD", 27), (b"TG", 28),
];

/// Overseas territories that write their own country in place of France's.
const LIKE_FRANCE: &[&[u8; 2]] = &[
    b"BL", b"GF", b"GP", b"MF", b"MQ", b"NC", b"PF", b"PM", b"RE", b"TF", b"WF", b"YT",
];

/// `at` is the first of two letters and two digits.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    if follows_alphanumeric(text, at) {
        return None;
    }
    let end = parse(text, at)?;
    (!is_alphanumeric_at(text, end)).then(|| Span::new(at, end, Detector::Iban))
}

/// The end of the IBAN that begins at `at`, whatever stands around it.
pub(crate) fn parse(text: &[u8], at: usize) -> Option<usize> {
    let (first, second) = (text[at], text[at + 1]);
    if first.is_ascii_lowercase() != second.is_ascii_lowercase() {
        return None;
    }
    let length = length_of([first.to_ascii_uppercase(), second.to_ascii_uppercase()])?;
    let mut letters = [0; 34];
    let mut taken = 0;
    let mut place = at;
    while taken < length {
        let byte = *text.get(place)?;
        if byte.is_ascii_alphanumeric() {
            letters[taken] = byte.to_ascii_uppercase();
            taken += 1;
        } else if !matches!(byte, b' ' | b'-') || !is_alphanumeric_at(text, place + 1) {
            return None;
        }
        place += 1;
    }
    is_valid(&letters[..length]).then_some(place)
}

fn length_of(country: [u8; 2]) -> Option<usize> {
    if LIKE_FRANCE.contains(&&country) {
        return Some(27);
    }
    LENGTHS
        .iter()
        .find(|(name, _)| **name == country)
        .map(|(_, length)| usize::from(*length))
}

/// ISO 7064, mod 97-10: country and check digits moved to the end, letters as 10 to 35, the remainder is 1.
fn is_valid(iban: &[u8]) -> bool {
    let (head, account) = iban.split_at(4);
    if !matches!(crate::bytes::number(&head[2..]), 2..=98) {
        return false;
    }
    let remainder = account
        .iter()
        .chain(head)
        .fold(0u32, |remainder, letter| match letter {
            b'0'..=b'9' => (remainder * 10 + u32::from(letter - b'0')) % 97,
            _ => (remainder * 100 + u32::from(letter - b'A') + 10) % 97,
        });
    remainder == 1
}
