//! What the fast path takes from a client: one Query, or one batch `[Parse] Bind [Describe] Execute Sync` on the unnamed
//! portal, in one piece. Anything else, however slightly different, is not taken.
//!
//! Source: PostgreSQL documentation, "Message Formats".
use std::ops::Range;

const HEAD: usize = 5;
/// A longer piece takes the slow path; there its length hardly counts.
pub const MAX_BYTES: usize = 16 * 1024;
/// Types below are the system's own: their input runs no code of the database's.
const FIRST_USER_OID: u32 = 16_384;

#[derive(Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    Query(&'a [u8]),
    Batch(Batch<'a>),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The text that the unnamed statement is prepared with, where the batch does that.
    pub parse: Option<&'a [u8]>,
    /// The statement that Bind names.
    pub statement: &'a [u8],
    pub values: Vec<Option<&'a [u8]>>,
    /// Where in the piece Bind's body stands.
    pub bind: Range<usize>,
    /// The client describes the portal itself.
    pub described: bool,
    /// Where Execute begins.
    pub execute: usize,
}

/// What `data` asks for, if it is one of these and complete.
pub fn asked(data: &[u8]) -> Option<Asked<'_>> {
    if data.len() > MAX_BYTES {
        return None;
    }
    match data.first()? {
        b'Q' => {
            let text = terminated(body(data, &mut 0, b'Q')?)?;
            (data.len() == HEAD + text.len() + 1).then_some(Asked::Query(text))
        }
        b'P' | b'B' => batch(data).map(Asked::Batch),
        _ => None,
    }
}

fn batch(data: &[u8]) -> Option<Batch<'_>> {
    let mut at = 0;
    let parse = match data[0] {
        b'P' => Some(unnamed_parse(body(data, &mut at, b'P')?)?),
        _ => None,
    };
    let bind = at + HEAD;
    let (statement, values) = unnamed_bind(body(data, &mut at, b'B')?)?;
    let bind = bind..at;
    if parse.is_some() && !statement.is_empty() {
        return None;
    }
    let described = data.get(at) == Some(&b'D');
    if described && body(data, &mut at, b'D')? != b"P\0" {
        return None;
    }
    let execute = at;
    if body(data, &mut at, b'E')? != b"\0\0\0\0\0" || !body(data, &mut at, b'S')?.is_empty() {
        return None;
    }
    (at == data.len()).then_some(Batch {
        parse,
        statement,
        values,
        bind,
        described,
        execute,
    })
}

/// The body of the message of this type at `at`, which moves behind it.
fn body<'a>(data: &'a [u8], at: &mut usize, kind: u8) -> Option<&'a [u8]> {
    let message = data.get(*at..)?;
    let length = u32::from_be_bytes(message.get(1..HEAD)?.try_into().ok()?) as usize;
    if message[0] != kind || length < HEAD - 1 {
        return None;
    }
    let body = message.get(HEAD..length + 1)?;
    *at += length + 1;
    Some(body)
}

/// A body that is one string and its terminator.
fn terminated(body: &[u8]) -> Option<&[u8]> {
    let (last, text) = body.split_last()?;
    (*last == 0 && !text.contains(&0)).then_some(text)
}

/// The string at the start of `rest`, which moves behind its terminator.
fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let (text, after) = rest.split_at(end);
    *rest = &after[1..];
    Some(text)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    take(rest, 2).map(|bytes| usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
}

/// The text of a Parse of the unnamed statement whose parameters are of the system's own types.
fn unnamed_parse(mut rest: &[u8]) -> Option<&[u8]> {
    let rest = &mut rest;
    if !string(rest)?.is_empty() {
        return None;
    }
    let text = string(rest)?;
    for _ in 0..number(rest)? {
        let oid: [u8; 4] = take(rest, 4)?.try_into().ok()?;
        if u32::from_be_bytes(oid) >= FIRST_USER_OID {
            return None;
        }
    }
    rest.is_empty().then_some(text)
}

type Bound<'a> = (&'a [u8], Vec<Option<&'a [u8]>>);

/// The statement that a Bind of the unnamed portal names, and the values.
fn unnamed_bind(mut rest: &[u8]) -> Option<Bound<'_>> {
    let rest = &mut rest;
    if !string(rest)?.is_empty() {
        return None;
    }
    let statement = string(rest)?;
    let formats = number(rest)?;
    take(rest, 2 * formats)?;
    let count = number(rest)?;
    let mut values = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let length = i32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
        values.push(match length {
            -1 => None,
            _ => Some(take(rest, usize::try_from(length).ok()?)?),
        });
    }
    let results = number(rest)?;
    take(rest, 2 * results)?;
    rest.is_empty().then_some((statement, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    fn whole(parse: &[u8], bind: &[u8], describe: bool) -> Vec<u8> {
        let mut data = Vec::new();
        if !parse.is_empty() {
            data.extend(message(b'P', parse));
        }
        data.extend(message(b'B', bind));
        if describe {
            data.extend(message(b'D', b"P\0"));
        }
        data.extend(message(b'E', b"\0\0\0\0\0"));
        data.extend(message(b'S', b""));
        data
    }

    #[test]
    fn a_query_is_taken_whole_only() {
        let data = message(b'Q', b"SELECT 1\0");
        assert_eq!(asked(&data), Some(Asked::Query(b"SELECT 1")));
        for cut in 0..data.len() {
            assert_eq!(asked(&data[..cut]), None);
        }
        assert_eq!(asked(&[&data[..], b"Q"].concat()), None);
        assert_eq!(asked(&message(b'Q', b"SELECT 1\0;\0")), None);
        assert_eq!(asked(&message(b'Q', b"SELECT 1")), None);
    }

    #[test]
    fn a_batch_is_taken_with_and_without_its_optional_parts() {
        let bind = b"\0name\0\0\x01\0\x01\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\x01\0\0";
        for describe in [false, true] {
            let data = whole(b"", bind, describe);
            let Some(Asked::Batch(batch)) = asked(&data) else {
                panic!("a batch")
            };
            assert_eq!((batch.parse, batch.statement), (None, &b"name"[..]));
            assert_eq!(batch.values, vec![Some(&b"x"[..]), None]);
            assert_eq!(batch.described, describe);
            assert_eq!(&data[batch.bind.clone()], bind);
            assert_eq!(data[batch.execute], b'E');
            for cut in 0..data.len() {
                assert_eq!(asked(&data[..cut]), None);
            }
        }
        let data = whole(b"\0SELECT $1\0\0\x01\0\0\0\x17", b"\0\0\0\0\0\0\0\0", false);
        let Some(Asked::Batch(batch)) = asked(&data) else {
            panic!("a batch")
        };
        assert_eq!(batch.parse, Some(&b"SELECT $1"[..]));
    }

    #[test]
    fn what_differs_slightly_is_not_taken() {
        let bind = b"\0\0\0\0\0\0\0\0";
        let refused = [
            whole(b"n\0SELECT 1\0\0\0", bind, false), // a name
            whole(b"\0SELECT 1\0\0\x01\0\0\x40\0", bind, false), // a type of the database's own
            whole(b"\0SELECT 1\0\0\0", b"\0n\0\0\0\0\0\0\0", false), // another statement than the one prepared
            whole(b"", b"p\0\0\0\0\0\0\0\0", false),                 // a named portal
            whole(b"", b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0", false), // a lying length
            whole(b"", b"\0\0\0\0\0\0\0\0\0", false),                // a byte too many
            [
                message(b'B', bind),
                message(b'E', b"\0\0\0\0\x05"),
                message(b'S', b""),
            ]
            .concat(),
            [
                message(b'B', bind),
                message(b'D', b"S\0"),
                message(b'E', &[0; 5]),
                message(b'S', b""),
            ]
            .concat(),
            [
                message(b'B', bind),
                message(b'E', &[0; 5]),
                message(b'H', b""),
            ]
            .concat(),
            [
                message(b'B', bind),
                message(b'E', &[0; 5]),
                message(b'S', b""),
                message(b'S', b""),
            ]
            .concat(),
        ];
        for data in refused {
            assert_eq!(asked(&data), None, "{data:?}");
        }
    }
}
