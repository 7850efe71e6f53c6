//! Keyed pseudonyms: HMAC-SHA256 over a value's canonical form, written in a form of its kind.
//!
//! Equal values (in canonical form) under one label and one key give equal pseudonyms; nothing else can be learned
//! without the key. Tokens carry 64 bits, except a card's (11 digits at the usual 16: 36 bits) and a phone's
//! (12 digits: 40 bits), where two values of a large table may share a pseudonym.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::forms;

/// How pseudonyms of a label look, told by the label's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Email,
    Card,
    Phone,
    Ssn,
    Ip,
    Other,
}

impl Kind {
    pub(crate) fn of(label: &str) -> Kind {
        const NAMES: [(Kind, &[&str]); 5] = [
            (Kind::Email, &["email", "e_mail", "email_address"]),
            (Kind::Card, &["card", "card_number", "credit_card"]),
            (Kind::Phone, &["phone", "phone_number", "telephone"]),
            (Kind::Ssn, &["ssn", "us_ssn"]),
            (Kind::Ip, &["ip", "ip_address"]),
        ];
        let is_named = |names: &[&str]| names.iter().any(|name| label.eq_ignore_ascii_case(name));
        NAMES
            .iter()
            .find(|(_, names)| is_named(names))
            .map_or(Kind::Other, |(kind, _)| *kind)
    }
}

/// A key that has been through HMAC's key schedule once.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    pub(crate) fn new(key: [u8; 32]) -> Key {
        #[allow(clippy::expect_used)]
        let hmac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        Key(hmac)
    }

    /// 128 bits that stand for `value` under `label`.
    fn bits(&self, label: &str, kind: Kind, value: &[u8]) -> u128 {
        let canonical = canonical(kind, value);
        let mut hmac = self.0.clone();
        hmac.update(label.as_bytes());
        // A value without a canonical form stands for itself, apart from all that have one.
        match &canonical {
            Some(form) => {
                hmac.update(&[0]);
                hmac.update(form);
            }
            None => {
                hmac.update(&[1]);
                hmac.update(value);
            }
        }
        let digest = hmac.finalize().into_bytes();
        digest
            .iter()
            .take(16)
            .fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }
}

/// Append the pseudonym of `value`.
pub(crate) fn write(key: &Key, label: &str, value: &[u8], out: &mut Vec<u8>) {
    let kind = Kind::of(label);
    let bits = key.bits(label, kind, value);
    let token = forms::token((bits >> 64) as u64);
    match kind {
        Kind::Email => {
            out.extend_from_slice(&token);
            out.extend_from_slice(forms::EMAIL_END.as_bytes());
        }
        Kind::Card => write_card(
            bits,
            value.iter().filter(|byte| byte.is_ascii_digit()).count(),
            out,
        ),
        Kind::Phone => {
            out.extend_from_slice(forms::PHONE_START.as_bytes());
            push_digits(bits, forms::PHONE_DIGITS, out);
        }
        Kind::Ssn => {
            out.extend_from_slice(forms::SSN_START.as_bytes());
            out.extend_from_slice(&token);
        }
        Kind::Ip => write_ip(bits, out),
        Kind::Other => {
            out.push(b'[');
            write_name(label, out);
            out.push(b':');
            out.extend_from_slice(&token);
            out.push(b']');
        }
    }
}

/// Append a label's name, reduced to characters that no format escapes, 32 at the most.
pub(crate) fn write_name(label: &str, out: &mut Vec<u8>) {
    let plain = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            byte
        } else {
            b'_'
        }
    };
    out.extend(label.bytes().take(32).map(plain));
}

fn write_card(bits: u128, length: usize, out: &mut Vec<u8>) {
    let length = if forms::CARD_LENGTHS.contains(&length) {
        length
    } else {
        16
    };
    let start = out.len();
    out.extend_from_slice(forms::CARD_START.as_bytes());
    push_digits(bits, length - forms::CARD_START.len() - 1, out);
    forms::push_card_check(out, start);
}

fn push_digits(mut bits: u128, count: usize, out: &mut Vec<u8>) {
    for _ in 0..count {
        out.push(b'0' + (bits % 10) as u8);
        bits /= 10;
    }
}

/// No group is zero, so that every program writes the address the same way.
fn write_ip(bits: u128, out: &mut Vec<u8>) {
    out.extend_from_slice(forms::IP_START.as_bytes());
    for index in 0..forms::IP_GROUPS {
        let group = 1 + (bits >> (32 * index)) as u32 % 0xffff;
        let separator = if index == 0 { "" } else { ":" };
        out.extend_from_slice(format!("{separator}{group:x}").as_bytes());
    }
}

/// The form under which two spellings of one value are equal; None where the value has none.
fn canonical(kind: Kind, value: &[u8]) -> Option<Vec<u8>> {
    let form: Vec<u8> = match kind {
        Kind::Email => match std::str::from_utf8(value) {
            Ok(text) => text.trim().to_lowercase().into_bytes(),
            Err(_) => return None,
        },
        Kind::Card | Kind::Phone | Kind::Ssn => {
            value.iter().copied().filter(u8::is_ascii_digit).collect()
        }
        Kind::Ip => {
            let address: IpAddr = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
            address.to_canonical().to_string().into_bytes()
        }
        Kind::Other => value.to_vec(),
    };
    if form.is_empty() && !value.is_empty() {
        return None;
    }
    Some(form)
}
