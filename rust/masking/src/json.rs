//! JSON documents: every string and every number is a value of its own, and stays one.
//!
//! Strings are unescaped before they are looked at, so that `\u0040` hides nothing, and written back as strings.
//! RFC 8259; what is not JSON is masked as text.

use crate::detector::Detector;
use crate::engine::Engine;
use crate::forms;
use crate::tally::Tally;

/// What masking a document came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Appended, with something masked.
    Masked,
    /// Nothing was found, nothing appended.
    Clean,
    /// Not JSON: nothing was decided, nothing appended.
    NotJson,
}

/// Mask a JSON document.
pub(crate) fn mask_into(
    engine: &Engine,
    document: &[u8],
    out: &mut Vec<u8>,
    found: &mut Tally,
) -> Outcome {
    let start = out.len();
    let before = found.clone();
    let mut masked = false;
    let mut place = 0;
    while place < document.len() {
        let end = match document[place] {
            b'"' => string_end(document, place),
            b'-' | b'0'..=b'9' => place + number_length(&document[place..]),
            byte if is_structure(byte) => {
                out.push(byte);
                place += 1;
                continue;
            }
            _ => {
                out.truncate(start);
                *found = before;
                return Outcome::NotJson;
            }
        };
        let token = &document[place..end];
        masked |= if token[0] == b'"' {
            mask_string(engine, token, out, found)
        } else {
            mask_number(engine, token, out, found)
        };
        place = end;
    }
    if masked {
        return Outcome::Masked;
    }
    out.truncate(start);
    Outcome::Clean
}

/// White space, brackets, separators, and the letters of `true`, `false` and `null`.
fn is_structure(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"{}[],:truefalsn".contains(&byte)
}

/// Behind the quote that closes the string at `start` (or the end of the document).
fn string_end(document: &[u8], start: usize) -> usize {
    let mut place = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &document[place.min(document.len())..]) {
        place += found;
        if document[place] == b'"' {
            return place + 1;
        }
        place += 2;
    }
    document.len()
}

fn number_length(text: &[u8]) -> usize {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    text.iter().take_while(|byte| is_number(byte)).count()
}

/// Mask one string, quotes included. An unescaped one is masked in place.
fn mask_string(engine: &Engine, token: &[u8], out: &mut Vec<u8>, found: &mut Tally) -> bool {
    let inner = token.strip_prefix(b"\"").unwrap_or(token);
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let unescaped = memchr::memchr(b'\\', inner).map(|_| unescape(inner));
    let plain = unescaped.as_deref().unwrap_or(inner);
    let spans = engine.find(plain);
    if spans.is_empty() {
        out.extend_from_slice(token);
        return false;
    }
    let mut text = Vec::with_capacity(plain.len());
    engine.replace(plain, &spans, &mut text, found);
    out.push(b'"');
    match unescaped {
        Some(_) => escape_into(&text, out),
        None => out.extend_from_slice(&text),
    }
    out.push(b'"');
    true
}

/// The only detector that matches bare digits is the card's; the number that replaces one is recognisably masked.
fn mask_number(engine: &Engine, token: &[u8], out: &mut Vec<u8>, found: &mut Tally) -> bool {
    let spans = engine.find(token);
    let Some(span) = spans.first() else {
        out.extend_from_slice(token);
        return false;
    };
    found.add(span.detector);
    let length = if span.detector == Detector::Card {
        token.len()
    } else {
        *forms::CARD_LENGTHS.end()
    };
    let length = length.clamp(*forms::CARD_LENGTHS.start(), *forms::CARD_LENGTHS.end());
    let start = out.len();
    out.extend_from_slice(forms::CARD_START.as_bytes());
    out.resize(start + length - 1, b'0');
    forms::push_card_check(out, start);
    true
}

/// The text of a string's inside. What is not a valid escape stays as it is.
fn unescape(inner: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        let (taken, character) = escaped_character(&rest[at..]);
        match character {
            Some(character) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes())
            }
            None => text.extend_from_slice(&rest[at..at + taken]),
        }
        rest = &rest[at + taken..];
    }
    text.extend_from_slice(rest);
    text
}

/// The escape at the start of `text`: its length, and the character that it stands for.
fn escaped_character(text: &[u8]) -> (usize, Option<char>) {
    let simple = match text.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'u') => return unicode_escape(text),
        _ => return (1, None),
    };
    (2, Some(simple))
}

/// `\uXXXX`, or two of them for a character beyond the basic plane. A lone surrogate stays as it is.
fn unicode_escape(text: &[u8]) -> (usize, Option<char>) {
    let Some(unit) = code_unit(text) else {
        return (1, None);
    };
    if let Some(character) = char::from_u32(unit) {
        return (6, Some(character));
    }
    let pair = text
        .get(6..)
        .and_then(code_unit)
        .filter(|low| (0xd800..0xdc00).contains(&unit) && (0xdc00..0xe000).contains(low));
    match pair.and_then(|low| char::from_u32(0x10000 + (((unit - 0xd800) << 10) | (low - 0xdc00))))
    {
        Some(character) => (12, Some(character)),
        None => (6, None),
    }
}

fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let valid = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| valid)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Write text as the inside of a string. A backslash that began no valid escape came from outside of JSON's rules and
/// becomes one that does.
fn escape_into(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(*byte),
        }
    }
}
