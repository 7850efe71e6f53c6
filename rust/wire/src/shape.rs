//! A statement's skeleton: its text with every literal replaced by a typed mark.
//!
//! Only a plain subset of PostgreSQL's lexical structure is read (documentation, chapter "Lexical Structure"); everything
//! else has no shape and is treated by its exact text. Being too narrow costs speed, being wrong would cost safety.

const MAX_BYTES: usize = 16 * 1024;
const MARK: u8 = 0x01;

/// A skeleton and the byte ranges `[start, end)` of the literals taken out of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    pub skeleton: Vec<u8>,
    pub literals: Vec<(usize, usize)>,
}

/// The shape of a single statement, or `None` outside of the subset: non-ASCII or control characters outside of
/// quotes, comments, dollar quotes, prefixed or adjacent strings, backslashes, inner semicolons, numbers that
/// touch identifiers, anything unterminated, more than 16 KiB.
pub fn shape(text: &[u8]) -> Option<Shape> {
    if text.len() > MAX_BYTES || text.contains(&0) || text.contains(&MARK) {
        return None;
    }
    let end = statement_end(text);
    let mut found = Shape {
        skeleton: Vec::with_capacity(text.len()),
        literals: Vec::new(),
    };
    let mut at = 0;
    let mut after_string = false;
    while at < end {
        let byte = text[at];
        let next = text.get(at + 1).copied().unwrap_or(0);
        let start = at;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                found.skeleton.push(byte);
                at += 1;
                continue;
            }
            b'\'' => {
                if after_string {
                    return None;
                }
                at = quoted_end(text, at, b'\'')?;
                found.literals.push((start, at));
                found.skeleton.extend_from_slice(&[MARK, b's']);
            }
            b'"' => {
                at = quoted_end(text, at, b'"')?;
                found.skeleton.extend_from_slice(&text[start..at]);
            }
            b'0'..=b'9' => {
                at = number_end(text, at)?;
                found.literals.push((start, at));
                found
                    .skeleton
                    .extend_from_slice(&[MARK, number_class(&text[start..at])]);
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                while at < end && is_word(text[at]) {
                    at += 1;
                }
                // A quote right behind a word is a prefixed string (E'', U&"") or reads like one.
                if matches!(text.get(at), Some(b'\'' | b'"' | b'&' | b'$'))
                    || text.get(at).is_some_and(|b| *b >= 0x80)
                {
                    return None;
                }
                found.skeleton.extend_from_slice(&text[start..at]);
            }
            b'$' => {
                at += 1;
                while at < end && text[at].is_ascii_digit() {
                    at += 1;
                }
                if at == start + 1
                    || text
                        .get(at)
                        .is_some_and(|b| is_word(*b) || *b == b'$' || *b >= 0x80)
                {
                    return None;
                }
                found.skeleton.extend_from_slice(&text[start..at]);
            }
            b'-' if next == b'-' => return None,
            b'/' if next == b'*' => return None,
            b'.' if next.is_ascii_digit() || next == b'.' => return None,
            b'!' | b'#' | b'%' | b'&' | b'(' | b')' | b'*' | b'+' | b',' | b'-' | b'.' | b'/'
            | b':' | b'<' | b'=' | b'>' | b'?' | b'@' | b'[' | b']' | b'^' | b'`' | b'|' | b'~' => {
                found.skeleton.push(byte);
                at += 1;
            }
            _ => return None,
        }
        after_string = byte == b'\'';
    }
    Some(found)
}

/// Where the statement ends: before trailing blanks and one trailing semicolon.
fn statement_end(text: &[u8]) -> usize {
    let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    let trimmed = |upto: usize| {
        text[..upto]
            .iter()
            .rposition(|b| !blank(b))
            .map_or(0, |at| at + 1)
    };
    let end = trimmed(text.len());
    if end > 0 && text[end - 1] == b';' {
        trimmed(end - 1)
    } else {
        end
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// One past the closing quote; a doubled quote stands for itself. Quoted text must be UTF-8.
fn quoted_end(text: &[u8], start: usize, quote: u8) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += text[at..].iter().position(|b| *b == quote)?;
        if text.get(at + 1) == Some(&quote) {
            at += 2;
            continue;
        }
        // U& strings may be followed by UESCAPE, but those have a prefix and never come here.
        return std::str::from_utf8(&text[start..=at])
            .is_ok()
            .then_some(at + 1);
    }
}

/// One past a plain number: digits, at most one fraction, at most one exponent, nothing touching it.
fn number_end(text: &[u8], start: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = digits(start);
    if text.get(at) == Some(&b'.') {
        let after = digits(at + 1);
        if after == at + 1 {
            return None;
        }
        at = after;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let after = digits(at + 1 + sign);
        if after == at + 1 + sign {
            return None;
        }
        at = after;
    }
    let touches = text
        .get(at)
        .is_some_and(|b| is_word(*b) || *b == b'.' || *b == b'$' || *b >= 0x80);
    (!touches).then_some(at)
}

/// int4, int8, larger integer, or decimal: the classes that resolve functions and operators differently.
fn number_class(number: &[u8]) -> u8 {
    if !number.iter().all(u8::is_ascii_digit) {
        return b'd';
    }
    match std::str::from_utf8(number)
        .ok()
        .and_then(|digits| digits.parse::<u64>().ok())
    {
        Some(value) if value <= i32::MAX as u64 => b'i',
        Some(value) if value <= i64::MAX as u64 => b'I',
        _ => b'n',
    }
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn literals_leave_typed_marks() {
        let found = shape(b"select a from t where id = 5 and n = 'x''y' limit 3000000000;")
            .expect("a shape");
        assert_eq!(
            found.skeleton,
            b"select a from t where id = \x01i and n = \x01s limit \x01I"
        );
        assert_eq!(found.literals.len(), 3);
    }

    #[test]
    fn what_is_not_plain_has_no_shape() {
        for text in [
            "select 1; select 2",
            "select 1 -- x",
            "select /* x */ 1",
            "select $$a$$",
            "select E'a'",
            "select U&'a'",
            "select 'a' 'b'",
            "select 1_000",
            "select 0x1f",
            "select 1a",
            "select 'a",
            "select \u{e9}",
            "select \"a",
            "select .5",
            "select 1.",
            "select 'a'\n'b'",
            "select n'a'",
            "select 1..2",
            "select a\\b",
            "select $1$2",
        ] {
            assert_eq!(shape(text.as_bytes()), None, "{text}");
        }
    }
}
