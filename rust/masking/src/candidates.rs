//! Where in a text something *could* be: bit logic over the classes of 64 bytes, of which the last are only looked
//! ahead at and come first in the next window.
//!
//! Every match of a detector contains at least one candidate, or overlaps a match that does. A candidate is told from
//! the bytes at and behind it alone, never from those before: what a cell is preceded by changes nothing, which is what
//! makes one pass over many cells valid ([`Engine::may_match`](crate::Engine::may_match)). The one exception, that some
//! kinds report only the start of a run, can only move a candidate to the left.

use std::ops::ControlFlow;

use crate::classes::{block_at, Classes, BLOCK};

/// What kind of parser is asked at a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An `@`, or a `%` that may begin an encoded one: addresses, credentials in URLs.
    At,
    /// A `+`: international telephone numbers.
    Plus,
    /// The first of `ddd-dd-dddd`, with any of the separators.
    Ssn,
    /// The last digit of the first of four dotted numbers.
    DottedQuad,
    /// A `:` in what may be an IPv6 address.
    Colons,
    /// The start of a run of digits, or of digits with single separators, as long as a card's.
    DigitRun,
    /// Two letters and two digits, and enough behind them for an IBAN.
    Iban,
    /// The start of a long run of token characters.
    Word,
    /// The start of five dashes or more.
    Dashes,
    /// The last byte of a name, or of its quotation, before the operator behind which its value stands.
    Assign,
    /// The start of a run of digits in groups (parentheses end one), or of bare digits, as long as a telephone number's.
    Groups,
    /// The first dash of six pairs.
    Pairs,
}

const KINDS: [Kind; 12] = [
    Kind::At,
    Kind::Plus,
    Kind::Ssn,
    Kind::DottedQuad,
    Kind::Colons,
    Kind::DigitRun,
    Kind::Iban,
    Kind::Word,
    Kind::Dashes,
    Kind::Assign,
    Kind::Groups,
    Kind::Pairs,
];

/// Shortest run of token characters that is looked at (a token has 16 or more, with its prefix).
const SHORTEST_WORD: u32 = 15;
/// Shortest run of bare digits that can be a card.
pub(crate) const SHORTEST_CARD: u32 = 12;
/// Shortest run of digits and separators that can be a card.
const SHORTEST_GROUPED_CARD: u32 = 15;
/// Shortest telephone number, separators included.
const SHORTEST_GROUPS: u32 = 7;
/// Shortest IBAN (Norway's).
const SHORTEST_IBAN: u32 = 15;
/// Shortest text that any detector matches (`::1`).
const SHORTEST_TEXT: usize = 3;
/// How far a window is moved on: what it looks ahead at is 16 bytes at the most.
const STRIDE: usize = BLOCK - 16;

/// One class in a window. `lane >> n` looks n bytes ahead.
type Lane = u64;

/// Whether this and the next `length - 1` bytes are all in the lane, by doubling.
#[inline(always)]
fn run(mut lane: Lane, length: u32) -> Lane {
    let mut covered = 1;
    while covered < length {
        let step = covered.min(length - covered);
        lane &= lane >> step;
        covered += step;
    }
    lane
}

/// Per kind that reports starts of runs: whether a run reached the end of the window before.
#[derive(Default)]
struct Carry {
    digits: u64,
    words: u64,
    dashes: u64,
    groups: u64,
}

/// Positions where a run of ones starts.
#[inline(always)]
fn starts(lane: Lane, carry: &mut u64) -> Lane {
    let found = lane & !(lane << 1 | *carry);
    *carry = lane >> (STRIDE - 1) & 1;
    found
}

/// A mask of candidates for each of [`KINDS`].
#[inline(always)]
fn combine(classes: &Classes, carry: &mut Carry, dates: Dates) -> [Lane; KINDS.len()] {
    let Classes {
        digit,
        letter,
        word,
        at,
        plus,
        dash,
        dot,
        colon,
        space,
        ..
    } = *classes;
    let gap = dash | space;
    [
        at,
        plus & (digit >> 1 | digit >> 2),
        numbers(digit, gap | dot),
        dotted_quads(digit, dot),
        colons(colon),
        starts(digit_runs(digit, gap), &mut carry.digits),
        ibans(letter, digit, gap),
        starts(run(word, SHORTEST_WORD), &mut carry.words),
        starts(run(dash, 5), &mut carry.dashes),
        assignments(classes),
        starts(groups(classes), &mut carry.groups) & !lone_dates(classes, dates),
        dash & dash >> 3 & dash >> 6 & dash >> 9 & dash >> 12,
    ]
}

/// `ddd-dd-dddd`
#[inline(always)]
fn numbers(digit: Lane, joint: Lane) -> Lane {
    joint >> 3 & joint >> 6 & run(digit, 3) & run(digit, 2) >> 4 & run(digit, 4) >> 7
}

/// The last digit before a dot that is followed by a digit; twice more within three digits.
#[inline(always)]
fn dotted_quads(digit: Lane, dot: Lane) -> Lane {
    let octet = digit & dot >> 1 & digit >> 2;
    let reach = |octet: Lane| octet >> 2 | octet >> 3 | octet >> 4;
    octet & reach(octet & reach(octet))
}

/// Four colons with up to four digits between each two; or two at once.
#[inline(always)]
fn colons(colon: Lane) -> Lane {
    let groups = |more: Lane| colon & (more >> 2 | more >> 3 | more >> 4 | more >> 5);
    colon & colon >> 1 | groups(groups(groups(colon)))
}

/// Enough bare digits, or enough digits with single separators between them.
#[inline(always)]
fn digit_runs(digit: Lane, gap: Lane) -> Lane {
    const REST: u32 = SHORTEST_GROUPED_CARD - SHORTEST_CARD;
    let grouped = run(digit | gap & digit >> 1, SHORTEST_CARD);
    run(digit, SHORTEST_CARD) | grouped & grouped >> REST
}

/// The byte before an operator (`12:30` has none), `NAME '…'`, `NAME", "…"`.
#[inline(always)]
fn assignments(classes: &Classes) -> Lane {
    let Classes {
        digit,
        letter,
        word,
        space,
        assign,
        quote,
        ..
    } = *classes;
    // Behind it the shortest password, or spaces (a line break and spaces).
    let (value, spaces) = (run(!space, 5), run(space, 2));
    let gap = value >> 2 | space >> 2 & (value >> 3 | spaces >> 3) | spaces >> 3;
    let operator = assign >> 1 & !(assign >> 2 | digit & digit >> 2) & gap;
    let quoted = letter & space >> 1 & quote >> 2 & word >> 3;
    operator | quoted | word & quote >> 1 & quote >> 2 & (quote >> 3 | quote >> 4)
}

/// Whether what looks like a date is one. Not where bytes of a frame before a text may be its first digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    Certain,
    Doubtful,
}

/// `dddd-dd-dd`, and no digits in groups behind it.
#[inline(always)]
fn lone_dates(classes: &Classes, dates: Dates) -> Lane {
    let Classes { digit, dash, .. } = *classes;
    if dates == Dates::Doubtful {
        return 0;
    }
    let pair = run(digit, 2);
    pair & pair >> 2
        & dash >> 4
        & pair >> 5
        & dash >> 7
        & pair >> 8
        & !(run(grouped(classes), 5) >> 11)
}

/// Seven digits and separators, of which none is followed by more than another before a digit.
#[inline(always)]
fn groups(classes: &Classes) -> Lane {
    run(grouped(classes), SHORTEST_GROUPS)
}

#[inline(always)]
fn grouped(classes: &Classes) -> Lane {
    let Classes {
        digit,
        letter,
        word,
        space,
        ..
    } = *classes;
    let gap = space | word & !(letter | digit);
    digit | gap & (digit >> 1 | gap >> 1 & digit >> 2)
}

#[inline(always)]
fn ibans(letter: Lane, digit: Lane, gap: Lane) -> Lane {
    letter & letter >> 1 & run(digit, 2) >> 2 & run(letter | digit | gap, SHORTEST_IBAN)
}

/// Call `visit` with every candidate at or after `from`, in the order of their positions, until it breaks.
#[inline]
pub(crate) fn visit(
    text: &[u8],
    from: usize,
    dates: Dates,
    mut visit: impl FnMut(Kind, usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if text.len() < from + SHORTEST_TEXT {
        return ControlFlow::Continue(());
    }
    let mut carry = Carry::default();
    let mut start = from;
    while start < text.len() {
        // Only the last window, behind which there is nothing, is looked at to its end.
        let is_last = text.len() - start <= BLOCK;
        let masks = combine(&block_at(text, start), &mut carry, dates);
        let mut any = masks.iter().fold(0, |any, mask| any | mask)
            & if is_last { !0 } else { (1 << STRIDE) - 1 };
        while any != 0 {
            let bit = any.trailing_zeros();
            any &= any - 1;
            for (kind, mask) in KINDS.iter().zip(masks) {
                if mask >> bit & 1 == 1 {
                    visit(*kind, start + bit as usize)?;
                }
            }
        }
        start += if is_last { BLOCK } else { STRIDE };
    }
    ControlFlow::Continue(())
}
