//! The forms that masked values take. Every one of them is impossible as real data, and recognised by
//! [`carries_masked`](crate::carries_masked); a form that is not listed here must not leave this crate.
//!
//! | form | made by | why it is never real |
//! | --- | --- | --- |
//! | `[masked]`, `[masked:NAME]` | redaction, constants | the word itself |
//! | `b•••@example.com`, `••••4242`, `S•••` | partial | three bullets |
//! | `<token>@masked.invalid` | pseudonym of `email` | RFC 2606: `.invalid` is never delegated |
//! | `9999…`, 12 to 19 digits | pseudonym of `card`; a card that is a JSON number | no issuer has 9999; the Luhn sum is 9 |
//! | `+999` and 12 digits | pseudonym of `phone` | E.164: +999 is reserved |
//! | `000-00-<token>` | pseudonym of `ssn` | no area 000, no group 00 |
//! | `100::` and 4 groups | pseudonym of `ip` | RFC 6666: discard-only prefix |
//! | `[label:<token>]` | every other pseudonym | the shape itself |
//!
//! A token is 13 characters of base32 (`a-z2-7`) that carry 64 bits.

/// What stands for a value that was computed from a labelled one.
pub const CONSTANT: &str = "[masked]";

/// Characters in a token.
pub(crate) const TOKEN_LENGTH: usize = 13;
pub(crate) const REDACTION_START: &str = "[masked";
pub(crate) const BULLETS: &str = "•••";
pub(crate) const EMAIL_END: &str = "@masked.invalid";
pub(crate) const CARD_START: &str = "9999";
/// The Luhn sum (mod 10) of a masked card. A valid card has 0; a run of 12 to 19 nines never has 9.
pub(crate) const CARD_LUHN: u32 = 9;
pub(crate) const CARD_LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;
pub(crate) const PHONE_START: &str = "+999";
pub(crate) const PHONE_DIGITS: usize = 12;
pub(crate) const SSN_START: &str = "000-00-";
pub(crate) const IP_START: &str = "100::";
pub(crate) const IP_GROUPS: usize = 4;

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// 64 bits as 13 characters of base32.
pub(crate) fn token(bits: u64) -> [u8; TOKEN_LENGTH] {
    std::array::from_fn(|index| {
        let shift = (TOKEN_LENGTH - 1 - index) * 5;
        BASE32[(bits >> shift) as usize & 31]
    })
}

/// Whether `text` begins with something shaped like a token.
pub(crate) fn starts_with_token(text: &[u8]) -> bool {
    text.len() >= TOKEN_LENGTH && text[..TOKEN_LENGTH].iter().all(|byte| is_token_byte(*byte))
}

pub(crate) fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'2'..=b'7')
}

/// The Luhn sum of a run of digits, mod 10 (0: valid). ISO/IEC 7812-1, annex B.
pub(crate) fn luhn(digits: impl DoubleEndedIterator<Item = u8>) -> u32 {
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0');
            let doubled = if place % 2 == 1 { value * 2 } else { value };
            if doubled > 9 {
                doubled - 9
            } else {
                doubled
            }
        })
        .sum();
    sum % 10
}

/// Append the check digit that gives `digits` the Luhn sum of a masked card.
pub(crate) fn push_card_check(digits: &mut Vec<u8>, start: usize) {
    digits.push(b'0');
    let sum = luhn(digits[start..].iter().copied());
    let check = (CARD_LUHN + 10 - sum) % 10;
    if let Some(last) = digits.last_mut() {
        *last = b'0' + check as u8;
    }
}
