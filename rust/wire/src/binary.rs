//! Looking into values in binary format (the `*_send` functions of PostgreSQL's types).
//!
//! What cannot be read is treated as if something had been found: it does not leave.

use std::net::{Ipv4Addr, Ipv6Addr};

use safelight_masking::{Context, Engine, Tally};

use crate::types::{family, Family};

const MAX_DEPTH: usize = 8;
const MAX_DIMENSIONS: usize = 6;

pub enum Looked {
    Clean,
    Replaced,
    Unreadable,
}

pub fn text_finds(engine: &Engine, value: &[u8], found: &mut Tally) -> bool {
    engine.mask_into(value, &mut Vec::new(), found, Context::Text)
}

/// bytea in text: hex (`\x…`) or the escape format, whose printable bytes are themselves.
pub fn bytes_text_finds(engine: &Engine, value: &[u8], found: &mut Tally) -> bool {
    let decoded = value.strip_prefix(b"\\x").and_then(decode_hex);
    text_finds(engine, decoded.as_deref().unwrap_or(value), found)
}

/// Whether a binary value carries anything that must not leave. `oid` is 0 where the type is not known.
pub fn finds(engine: &Engine, oid: u32, value: &[u8], found: &mut Tally, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return true;
    }
    match family(oid) {
        Family::Fixed => false,
        Family::Text | Family::Json | Family::Jsonb | Family::Bytes => {
            text_finds(engine, value, found)
        }
        Family::Network => match address(value) {
            Some(text) => text_finds(engine, text.as_bytes(), found),
            None => true,
        },
        Family::TextArray | Family::JsonbArray | Family::BytesArray | Family::NetworkArray => {
            match array(value) {
                Some(array) => array_finds(engine, &array, found, depth),
                None => true,
            }
        }
        Family::Record => match record(value) {
            Some(fields) => fields
                .into_iter()
                .any(|(oid, field)| finds(engine, oid, field, found, depth + 1)),
            None => true,
        },
        Family::User | Family::Other => {
            if text_finds(engine, value, found) {
                return true;
            }
            if let Some(text) = address(value) {
                return text_finds(engine, text.as_bytes(), found);
            }
            array(value).is_some_and(|array| array_finds(engine, &array, found, depth))
        }
    }
}

/// Mask a binary array of a text type element by element.
pub fn mask_array(engine: &Engine, value: &[u8], out: &mut Vec<u8>, found: &mut Tally) -> Looked {
    let Some(array) = array(value) else {
        return Looked::Unreadable;
    };
    let (context, skip) = match family(array.element) {
        Family::Text => (Context::Text, 0),
        Family::Json => (Context::Json, 0),
        Family::Jsonb => (Context::Json, 1),
        _ => return Looked::Unreadable,
    };
    let start = out.len();
    let mut replaced = false;
    out.extend_from_slice(&value[..array.head]);
    for element in &array.elements {
        let Some(element) = element else {
            out.extend_from_slice(&(-1i32).to_be_bytes());
            continue;
        };
        let (version, text) = element.split_at(skip.min(element.len()));
        let length_at = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(version);
        if engine.mask_into(text, out, found, context) {
            replaced = true;
        } else {
            out.extend_from_slice(text);
        }
        let length = (out.len() - length_at - 4) as i32;
        out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
    }
    if replaced {
        return Looked::Replaced;
    }
    out.truncate(start);
    Looked::Clean
}

fn array_finds(engine: &Engine, array: &Array<'_>, found: &mut Tally, depth: usize) -> bool {
    array
        .elements
        .iter()
        .flatten()
        .any(|element| finds(engine, array.element, element, found, depth + 1))
}

struct Array<'a> {
    element: u32,
    /// Bytes before the first element.
    head: usize,
    elements: Vec<Option<&'a [u8]>>,
}

/// array_send: dimensions, flags, the elements' type; size and lower bound of each dimension; the elements.
fn array(value: &[u8]) -> Option<Array<'_>> {
    let dimensions = usize::try_from(int(value, 0)?).ok()?;
    if dimensions > MAX_DIMENSIONS || !(0..=1).contains(&int(value, 4)?) {
        return None;
    }
    let element = int(value, 8)? as u32;
    let mut expected = usize::from(dimensions > 0);
    for dimension in 0..dimensions {
        let size = usize::try_from(int(value, 12 + dimension * 8)?).ok()?;
        expected = expected.checked_mul(size)?;
    }
    let head = 12 + dimensions * 8;
    let mut rest = value.get(head..)?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (element, after) = sized(rest)?;
        elements.push(element);
        rest = after;
    }
    (elements.len() == expected).then_some(Array {
        element,
        head,
        elements,
    })
}

/// record_send: the number of fields; the type and the value of each. NULLs are left out.
fn record(value: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let count = usize::try_from(int(value, 0)?).ok()?;
    let mut rest = value.get(4..)?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let oid = int(rest, 0)? as u32;
        let (field, after) = sized(rest.get(4..)?)?;
        fields.extend(field.map(|field| (oid, field)));
        rest = after;
    }
    rest.is_empty().then_some(fields)
}

/// network_send: address family (2 or 3), bits, is cidr, length, address.
fn address(value: &[u8]) -> Option<String> {
    match value {
        [2, 0..=32, 0..=1, 4, address @ ..] => {
            Some(Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string())
        }
        [3, 0..=128, 0..=1, 16, address @ ..] => {
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string())
        }
        _ => None,
    }
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(i32::from_be_bytes(four.try_into().ok()?))
}

/// A value with its length before it (−1: NULL), and what follows it.
fn sized(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let length = int(bytes, 0)?;
    let rest = &bytes[4..];
    if length == -1 {
        return Some((None, rest));
    }
    let length = usize::try_from(length).ok()?;
    (length <= rest.len()).then(|| (Some(&rest[..length]), &rest[length..]))
}

fn decode_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16);
    pairs
        .map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}
