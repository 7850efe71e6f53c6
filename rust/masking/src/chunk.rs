//! One pass over many cells at once, with whatever stands between them: is there anything to look at, and where?
//!
//! It must have no false negatives. So it asks less than the parsers do: nothing about what stands before or behind a
//! candidate, since framing bytes may look like text, and it takes every escape that may hide something in JSON.

use std::ops::ControlFlow;

use crate::candidates::{visit, Kind};
use crate::detect::{assigned, card, email, iban, phone, private_key, token};

/// What looks like a part of a run at its start and is not, at the most: the four bytes of a PostgreSQL cell's length,
/// or the letter of a JSON escape.
const FRAMING: usize = 4;

/// The first place at or after `from` where something could match.
pub(crate) fn next_candidate(chunk: &[u8], from: usize) -> Option<usize> {
    let mut found = None;
    let _ = visit(chunk, from, |kind, at| {
        if is_plausible(chunk, kind, at) {
            found = Some(at);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let before = &chunk[from.min(chunk.len())..found.unwrap_or(chunk.len())];
    hiding_escape(before).map(|at| from + at).or(found)
}

#[inline(never)]
fn is_plausible(chunk: &[u8], kind: Kind, at: usize) -> bool {
    match kind {
        Kind::At => email::is_plausible(chunk, at),
        Kind::Plus => phone::is_plausible(chunk, at),
        Kind::DigitRun => card::is_plausible(chunk, at, FRAMING),
        Kind::Iban => iban::parse(chunk, at).is_some(),
        Kind::Word => token::is_plausible(chunk, at, FRAMING),
        Kind::Dashes => private_key::is_plausible(chunk, at),
        Kind::Assign => assigned::is_plausible(chunk, at),
        Kind::Ssn | Kind::DottedQuad | Kind::Colons => true,
    }
}

/// The first JSON escape that can stand for a character that matters: `\u0040`, `\/`.
fn hiding_escape(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\\', text).find(|at| matches!(text.get(at + 1), Some(b'u' | b'/')))
}
