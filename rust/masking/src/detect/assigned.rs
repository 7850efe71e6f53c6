//! Secrets told by their name: `password = "…"`, `"api_key": "…"`, `<token>…</token>`, `Authorization: Bearer …`,
//! `key="dbPassword" value="…"`, `setProperty("TOKEN", "…")`, `PASSWORD '…'`.
//!
//! The name must promise a secret ([`assigned_name`](super::assigned_name)) and the value must look like one
//! ([`assigned_value`](super::assigned_value)).

use super::assigned_name::{may_promise, promise, Promise, LONGEST_NAME};
use super::assigned_value::{is_secret, Value};
use super::{token, Span};
use crate::bytes::{before, count_while};
use crate::detector::Detector;

/// Longest value that is looked at.
const LONGEST_VALUE: usize = 512;
/// How many operator characters, quotes and spaces may stand between a name and its value.
const LONGEST_GAP: usize = 16;

/// `at` is the byte before an operator (`=`, `:`, `>`, ` '`, `",`).
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let operator = at + 1;
    let (start, end) = name_before(text, operator)?;
    let promise = promised(text, start, end)?;
    let value = value_behind(text, operator)?;
    if !is_secret(&text[value.start..value.end], promise, value.quoted) {
        return None;
    }
    let end = if value.end - value.start < LONGEST_VALUE {
        value.end
    } else {
        whole_end(text, value.end)
    };
    let detector = vendor(&text[value.start..end]).unwrap_or(Detector::Secret);
    Some(Span::new(value.start, end, detector))
}

/// Where a value ends that is longer than what is looked at.
fn whole_end(text: &[u8], at: usize) -> usize {
    at + count_while(text, at, text.len(), |byte| {
        byte.is_ascii_alphanumeric() || b"+/=_.-~".contains(&byte)
    })
}

/// The name of a token that is the whole value.
fn vendor(value: &[u8]) -> Option<Detector> {
    let mut spans = Vec::new();
    token::confirm(value, 0, 0, &mut spans);
    let span = spans.first()?;
    (span.start == 0 && span.end == value.len()).then_some(span.detector)
}

/// Whether a name that stands before `at` could promise a secret, whatever stands before it and behind.
pub(crate) fn is_plausible(text: &[u8], at: usize) -> bool {
    let Some((start, end)) = name_before(text, at + 1) else {
        return false;
    };
    may_promise(&text[start..end])
        || is_value_word(&text[start..end])
            && may_promise(&text[start.saturating_sub(2 * LONGEST_NAME)..start])
}

/// The name that ends before the operator that ends at `at`.
fn name_before(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let is_gap = |byte: &&u8| b" \t=:?+.\"'`\\]-".contains(byte);
    let gap = text[..at]
        .iter()
        .rev()
        .take(LONGEST_GAP)
        .take_while(is_gap)
        .count();
    // `config["token"] = …`; without a quote it is an index, or ours.
    if text[at - gap..at].first() == Some(&b']') {
        return None;
    }
    let name = name_ending(text, at - gap)?;
    // `var token string = …`, `token: str = …`: the type stands between.
    if is_type(&text[name.0..name.1]) {
        let gap = text[..name.0]
            .iter()
            .rev()
            .take(LONGEST_GAP)
            .take_while(|byte| matches!(byte, b' ' | b':' | b'\t'))
            .count();
        return (gap > 0).then(|| name_ending(text, name.0 - gap)).flatten();
    }
    // `a > b` compares; `<a>b` names.
    let is_tag = text[at] != b'>'
        || matches!(before(text, at), Some(b'=' | b'-'))
        || before(text, name.0) == Some(b'<');
    is_tag.then_some(name)
}

fn name_ending(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = text[..end]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name(byte))
        .count();
    (length > 1).then_some((end - length, end))
}

fn is_type(word: &[u8]) -> bool {
    const TYPES: [&str; 6] = ["string", "str", "text", "bytes", "nvarchar", "varchar"];
    TYPES
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_value_word(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"value") || word.eq_ignore_ascii_case(b"val")
}

/// What the name at `start..end` promises; `value` leaves it to the attribute before: `name="DB_PASSWORD" value=`.
fn promised(text: &[u8], start: usize, end: usize) -> Option<Promise> {
    if !is_value_word(&text[start..end]) {
        return promise(&text[start..end]);
    }
    let is_gap = |byte: u8| {
        matches!(
            byte,
            b' ' | b'\t' | b',' | b'"' | b'\'' | b'\\' | b'\n' | b'\r'
        )
    };
    let gap = text[..start]
        .iter()
        .rev()
        .take(LONGEST_GAP)
        .take_while(|byte| is_gap(**byte))
        .count();
    let (start, end) = name_ending(text, start - gap)?;
    promise(&text[start..end])
}

/// The value behind the operator that ends at `at`.
fn value_behind(text: &[u8], at: usize) -> Option<Value> {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'`');
    let mut start = match text[at] {
        // A quote closes the name, behind which a comma follows; or the quoted value follows.
        b'\'' | b'"' => at + 2,
        b' ' => at,
        _ => at + 1,
    };
    start += count_while(text, start, LONGEST_GAP, |byte| {
        matches!(byte, b' ' | b'\t') || text[at] == b'>' && matches!(byte, b'\n' | b'\r')
    });
    start += scheme_length(text, start);
    let escaped = text.get(start) == Some(&b'\\');
    let opening = start + usize::from(escaped);
    let quote = text.get(opening).copied().filter(|byte| is_quote(*byte));
    if let Some(quote) = quote {
        let start = opening + 1;
        let start = start + scheme_length(text, start);
        let length = count_while(text, start, LONGEST_VALUE, |byte| {
            byte != quote && byte != b'\n' && !(escaped && byte == b'\\')
        });
        if start + length < text.len() && text[start + length] != b'\n' && length < LONGEST_VALUE {
            return (length > 0).then_some(Value {
                start,
                end: start + length,
                quoted: true,
            });
        }
        return bare(text, start);
    }
    bare(text, start)
}

fn bare(text: &[u8], start: usize) -> Option<Value> {
    let ends = |byte: u8| {
        byte <= b' '
            || matches!(
                byte,
                b'"' | b'\''
                    | b'`'
                    | b','
                    | b';'
                    | b'&'
                    | b'<'
                    | b'>'
                    | b'('
                    | b')'
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
                    | b'|'
                    | b'\\'
            )
    };
    let length = count_while(text, start, LONGEST_VALUE, |byte| !ends(byte));
    let end = start + length;
    let trailing = text[start..end]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b'.' | b':'))
        .count();
    // A call, an index, a template: code that yields the secret.
    let is_code = matches!(text.get(end), Some(b'(' | b'[' | b'{'));
    (length > trailing && !is_code).then_some(Value {
        start,
        end: end - trailing,
        quoted: false,
    })
}

/// The length of an authentication scheme's name before the credentials (RFC 9110 §11.4).
fn scheme_length(text: &[u8], at: usize) -> usize {
    const SCHEMES: [&[u8]; 5] = [b"Bearer ", b"Basic ", b"Token ", b"ApiKey ", b"Negotiate "];
    let rest = &text[at.min(text.len())..];
    SCHEMES
        .iter()
        .find(|scheme| {
            rest.len() > scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme)
        })
        .map_or(0, |scheme| scheme.len())
}
