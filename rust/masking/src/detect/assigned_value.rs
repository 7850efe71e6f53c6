//! Whether a value that a name announces as a secret looks like one: random enough, no placeholder, no code, no words.

use super::assigned_name::Promise;
use super::token::distinct;
use crate::base64;

/// Where a value stands.
pub(crate) struct Value {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
}

const SHORTEST_PASSWORD: usize = 5;
const SHORTEST_TOKEN: usize = 10;
/// Fewest digits of a secret that consists of digits alone.
const SHORTEST_NUMBER: usize = 16;
/// Shortest secret of letters alone.
const SHORTEST_LETTERS: usize = 20;

/// Bits of entropy a character (Shannon, of the value's own frequencies, in tenths) that chance reaches at this length.
const fn least_entropy(length: usize) -> u32 {
    match length {
        0..=11 => 24,
        12..=19 => 28,
        20..=31 => 30,
        _ => 32,
    }
}

pub(crate) fn is_secret(value: &[u8], promise: Promise, quoted: bool) -> bool {
    if is_placeholder(value) || is_reference(value, quoted) {
        return false;
    }
    match promise {
        Promise::Password => is_password(value, quoted),
        Promise::Token => is_token(value) || is_basic(value),
    }
}

/// `xxxx`, `changeme`, `<your token>`, `${PASSWORD}`, `%ENV%`, `[masked…`.
fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: [&str; 21] = [
        "example",
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "your_",
        "your-",
        "yourp",
        "yourt",
        "yours",
        "redacted",
        "masked",
        "dummy",
        "xxxx",
        "****",
        "....",
        "insert",
        "replace",
        "null",
        "undefined",
        "secretsmanager",
    ];
    let opens = matches!(
        value.first(),
        Some(b'$' | b'<' | b'{' | b'%' | b'@' | b'*' | b'[' | b'(' | b'#')
    );
    let lower = value.to_ascii_lowercase();
    let holds = |word: &&str| memchr::memmem::find(&lower, word.as_bytes()).is_some();
    opens && (value.len() < 12 || is_enclosed(value))
        || is_enclosed(value)
        || WORDS.iter().any(holds)
        || distinct(value) < 4
        || has_alphabet(&lower)
}

/// Eight letters or more in the alphabet's order.
fn has_alphabet(lower: &[u8]) -> bool {
    let mut run = 1;
    lower.windows(2).any(|pair| {
        run = if pair[0].is_ascii_lowercase() && pair[1] == pair[0] + 1 {
            run + 1
        } else {
            1
        };
        run >= 8
    })
}

fn is_enclosed(value: &[u8]) -> bool {
    let pair = (value.first(), value.last());
    matches!(
        pair,
        (Some(b'<'), Some(b'>')) | (Some(b'%'), Some(b'%')) | (Some(b'['), Some(b']'))
    ) || value.starts_with(b"${")
        || value.starts_with(b"$(")
        || value.starts_with(b"{{")
        || value.starts_with(b"ENC[")
        || value.starts_with(b"file://")
}

/// Code or an address in place of the secret: `var.db_password`, `self.token`, `/run/secrets/x`, `https://…`.
fn is_reference(value: &[u8], quoted: bool) -> bool {
    let has = |byte: u8| value.contains(&byte);
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    let dotted = !quoted
        && has(b'.')
        && value.iter().all(is_name)
        && value.split(|byte| *byte == b'.').all(is_word);
    dotted
        || value.starts_with(b"/") && !has(b'+') && !has(b'=')
        || memchr::memmem::find(value, b"://").is_some()
        || has(b' ')
}

/// Letters with at most two digits at the end, or a short run of digits.
fn is_word(part: &[u8]) -> bool {
    let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits <= 2 || digits == part.len() && digits <= 6
}

fn is_password(value: &[u8], quoted: bool) -> bool {
    let (digits, letters, others) = kinds(value);
    let word = value
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.'));
    let number = digits == value.len();
    value.len() >= SHORTEST_PASSWORD
        && value.len() <= 128
        && !number_with_separators(value)
        && (digits > 0 && letters > 0
            || others > 0 && letters > 0 && !word
            || number && value.len() >= 6
            || quoted && is_mixed(value))
}

/// `2024-01-01`, `12:30:00`, `1.5`: no password.
fn number_with_separators(value: &[u8]) -> bool {
    value
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'/'))
        && !value.iter().all(u8::is_ascii_digit)
}

fn is_token(value: &[u8]) -> bool {
    let (digits, letters, _) = kinds(value);
    // A colon makes it a reference: `arn:…`, `env:NAME`.
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b':';
    if value.len() < SHORTEST_TOKEN || !value.iter().all(is_plain) {
        return false;
    }
    if letters == 0 {
        return digits == value.len() && digits >= SHORTEST_NUMBER && distinct(value) >= 6;
    }
    if digits == 0 {
        return value.len() >= SHORTEST_LETTERS
            && is_mixed(value)
            && entropy(value) >= least_entropy(value.len()) + 5;
    }
    entropy(value) >= least_entropy(value.len())
        && !is_wordy(value, digits)
        && !number_with_separators(value)
}

/// User and password as HTTP's Basic scheme encodes them (RFC 7617).
fn is_basic(value: &[u8]) -> bool {
    value.len() >= SHORTEST_TOKEN
        && base64::decode(value)
            .is_some_and(|text| text.contains(&b':') && text.iter().all(u8::is_ascii_graphic))
}

/// Words with a number behind them: `service-account-2`, `NEXUS-GPT4-API-KEY`.
fn is_wordy(value: &[u8], digits: usize) -> bool {
    let words = value.split(|byte| matches!(byte, b'-' | b'_' | b'.' | b'/' | b':'));
    digits * 12 < value.len() && words.clone().count() > 1
        || words.filter(|word| !word.is_empty()).all(is_word)
            && digits * 8 < value.len() + 8
            && !is_mixed(value)
}

/// Whether capitals and small letters alternate more than words do.
fn is_mixed(value: &[u8]) -> bool {
    let changes = value
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
        .count();
    changes * 6 >= value.len()
}

/// How many digits, letters and others.
fn kinds(value: &[u8]) -> (usize, usize, usize) {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = value
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80)
        .count();
    (digits, letters, value.len() - digits - letters)
}

/// Shannon entropy of the bytes' frequencies, in tenths of bits a byte.
fn entropy(value: &[u8]) -> u32 {
    let mut counts = [0u16; 256];
    value
        .iter()
        .for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = value.len() as f32;
    let bits: f32 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f32::from(*count) / length;
            -share * share.log2()
        })
        .sum();
    (bits * 10.0) as u32
}
