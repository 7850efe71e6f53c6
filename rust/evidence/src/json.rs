//! Canonical JSON (RFC 8785 §3.2.2.2) of strings and integers.
use std::io::Write;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `text` as a JSON string.
pub fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, out);
    out.push(b'"');
}

/// `text` as the inside of a JSON string. Only what must be escaped is.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..=0x1f => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

pub fn integer(value: i64, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("a vector takes every write");
}

pub fn unsigned(value: u64, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("a vector takes every write");
}
