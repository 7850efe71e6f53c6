//! Private keys in PEM (RFC 7468), OpenSSH's and PGP's armour, and what is left of a truncated one.

use super::Span;
use crate::bytes::count_while;
use crate::detector::Detector;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// Longest label between `BEGIN` and the dashes.
const LONGEST_LABEL: usize = 64;

/// Where the next end line is, remembered so that it is searched for once.
#[derive(Default)]
pub(crate) struct EndLines {
    /// The answer holds for starts from here on, up to what was found.
    from: usize,
    /// The next end line, start and end; None inside: there is no more.
    next: Option<Option<(usize, usize)>>,
}

impl EndLines {
    /// The next end line at or after `from`, in a text that begins at `floor` of the whole.
    fn next_after(&mut self, text: &[u8], from: usize, floor: usize) -> Option<(usize, usize)> {
        let whole = from + floor;
        let known = self
            .next
            .filter(|next| whole >= self.from && next.is_none_or(|(start, _)| whole <= start));
        let next = known.unwrap_or_else(|| {
            end_line(text, from).map(|(start, end)| (start + floor, end + floor))
        });
        *self = EndLines {
            from: whole,
            next: Some(next),
        };
        next.map(|(start, end)| (start - floor, end - floor))
    }
}

/// `at` is the first of five dashes or more, in a text that begins at `floor` of the whole.
pub(crate) fn confirm(
    text: &[u8],
    at: usize,
    floor: usize,
    end_lines: &mut EndLines,
) -> Option<Span> {
    let dashes = count_while(text, at, text.len(), |byte| byte == b'-');
    let start = at + dashes - 5;
    let label = label_length(&text[start..], BEGIN)?;
    let body = start + BEGIN.len() + label + 5;
    // An end line behind another begin line belongs to that one.
    let next_begin = memchr::memmem::find(&text[body..], BEGIN).map(|found| body + found);
    let end = end_lines
        .next_after(text, body, floor)
        .filter(|(end, _)| next_begin.is_none_or(|begin| *end < begin));
    let end = end.map_or_else(|| truncated_end(text, body), |(_, end)| end);
    Some(Span::new(start, end, Detector::PrivateKey))
}

/// Whether a key could begin at the dashes at `at`.
pub(crate) fn is_plausible(text: &[u8], at: usize) -> bool {
    let dashes = count_while(text, at, text.len(), |byte| byte == b'-');
    text[at + dashes - 5..].starts_with(BEGIN)
}

/// The length of the label in a line `<opening>… PRIVATE KEY…-----` at the start of `text`.
fn label_length(text: &[u8], opening: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(opening)?;
    let length = count_while(rest, 0, LONGEST_LABEL, |byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'_')
    });
    let label = &rest[..length];
    let is_private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    (is_private && rest[length..].starts_with(b"-----")).then_some(length)
}

/// The first end line of a private key, start and end, at or after `from`.
fn end_line(text: &[u8], from: usize) -> Option<(usize, usize)> {
    memchr::memmem::find_iter(&text[from..], END).find_map(|found| {
        let start = from + found;
        label_length(&text[start..], END).map(|label| (start, start + END.len() + label + 5))
    })
}

/// Without an end line the key is what looks like its body: base64, headers, line breaks (escaped ones too).
fn truncated_end(text: &[u8], body: usize) -> usize {
    let is_body = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=\\:,".contains(&byte)
    };
    let length = count_while(text, body, text.len(), is_body);
    let key = &text[..body + length];
    key.trim_ascii_end().len().max(body)
}
