//! Payment card numbers: issuer identification number and length (ISO/IEC 7812-1; the schemes' published ranges), and
//! the Luhn digit. Bare, or grouped by single spaces or dashes as cards print them.

use super::Span;
use crate::bytes::{before, count_while, has_context, is_alphanumeric_at, is_digit_at};
use crate::candidates::SHORTEST_CARD;
use crate::detector::Detector;
use crate::forms::luhn;

const LONGEST: usize = 19;

/// An issuer's range of leading digits (as six digits, both ends included) and the lengths it uses.
struct Issuer {
    first: u32,
    last: u32,
    lengths: &'static [u8],
}

const fn issuer(first: u32, last: u32, lengths: &'static [u8]) -> Issuer {
    Issuer {
        first,
        last,
        lengths,
    }
}

/// Maestro's lengths (12 to 19 are reserved).
const MAESTRO: &[u8] = &[12, 13, 16, 18, 19];

/// Lengths that a scheme reserves but hardly issues are left out where a run of digits would too often pass by chance. Ascending and without overlap, so that a number belongs to one row.
#[rustfmt::skip]
const ISSUERS: &[Issuer] = &[
    issuer(180_000, 180_099, &[15]),             // JCB, old
    issuer(213_100, 213_199, &[15]),             // JCB, old
    issuer(220_000, 220_599, &[16, 17, 18, 19]), // Mir, Borica
    issuer(222_100, 272_099, &[16]),             // Mastercard
    issuer(300_000, 305_999, &[14, 16, 19]),     // Diners Club
    issuer(309_500, 309_599, &[14, 16, 19]),     // Diners Club
    issuer(340_000, 349_999, &[15]),             // American Express
    issuer(350_000, 352_799, &[16]),             // taken for JCB by most programs
    issuer(352_800, 358_999, &[16, 19]),         // JCB
    issuer(360_000, 369_999, &[14, 16, 19]),     // Diners Club
    issuer(370_000, 379_999, &[15]),             // American Express
    issuer(380_000, 399_999, &[14, 16, 19]),     // Diners Club
    issuer(400_000, 490_299, &[13, 16, 19]),     // Visa
    issuer(490_300, 490_599, &[13, 16, 18, 19]), // Visa, Switch
    issuer(490_600, 491_099, &[13, 16, 19]),     // Visa
    issuer(491_100, 491_199, &[13, 16, 18, 19]), // Visa, Switch
    issuer(491_200, 493_599, &[13, 16, 19]),     // Visa
    issuer(493_600, 493_699, &[13, 16, 18, 19]), // Visa, Switch
    issuer(493_700, 499_999, &[13, 16, 19]),     // Visa
    issuer(500_000, 509_999, MAESTRO),           // with Dankort, Verve, Elo, RuPay
    issuer(510_000, 559_999, &[16]),             // Mastercard
    issuer(560_000, 599_999, MAESTRO),           // with Uzcard, Switch, Naranja, Cabal
    issuer(600_000, 601_099, &[16]),             // RuPay
    issuer(601_100, 601_199, &[16, 19]),         // Discover
    issuer(604_200, 604_400, &[16]),             // Cabal
    issuer(606_282, 606_282, &[13, 16, 19]),     // Hipercard
    issuer(606_985, 608_999, &[16]),             // RuPay
    issuer(620_000, 629_999, &[16, 17, 18, 19]), // UnionPay
    issuer(630_000, 639_999, MAESTRO),           // with Laser, Switch, Solo, InterPayment, Elo, Hipercard
    issuer(644_000, 659_999, &[16, 19]),         // Discover, RuPay, Elo, Troy
    issuer(670_000, 679_999, MAESTRO),           // with Laser, Solo
    issuer(810_000, 817_199, &[16, 17, 18, 19]), // UnionPay
    issuer(817_200, 829_999, &[16]),             // RuPay
    issuer(860_000, 860_099, &[16]),             // Uzcard
    issuer(979_200, 979_299, &[16]),             // Troy
    issuer(986_000, 986_099, &[16]),             // Humo
];

/// Whether `digits` is a card number: an issuer's range and length, and the check digit.
pub(crate) fn is_card(digits: &[u8]) -> bool {
    has_issuer(digits) && luhn(digits.iter().copied()) == 0
}

fn has_issuer(digits: &[u8]) -> bool {
    let Some(lead) = digits.get(..6).map(crate::bytes::number) else {
        return false;
    };
    let row = ISSUERS.partition_point(|issuer| issuer.last < lead);
    ISSUERS.get(row).is_some_and(|issuer| {
        lead >= issuer.first && issuer.lengths.contains(&(digits.len() as u8))
    })
}

/// Confirm the cards in the run of digits and separators at `at`, in a text that begins at `floor` of the whole.
/// Returns how far behind `at` the run ends.
pub(crate) fn confirm(text: &[u8], at: usize, floor: usize, spans: &mut Vec<Span>) -> usize {
    let mut place = at + usize::from(!text[at].is_ascii_digit());
    // Digits directly before the candidate belong to the run.
    place -= text[..place.min(text.len())]
        .iter()
        .rev()
        .take(LONGEST + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    while is_digit_at(text, place) {
        let run = count_while(text, place, text.len(), |byte| byte.is_ascii_digit());
        let end = bare(text, place, run)
            .or_else(|| grouped(text, place, run))
            .filter(|end| stands_alone(text, place, *end));
        if let Some(end) = end {
            spans.push(Span::new(place, end, Detector::Card).moved(floor));
        }
        place = end.unwrap_or(place + run);
        if !is_gap(text.get(place).copied()) {
            break;
        }
        place += 1;
    }
    place.max(at + 1) - at
}

/// Whether a card could be in the run at `at`, if up to `framing` digits at its start do not belong to it.
pub(crate) fn is_plausible(text: &[u8], at: usize, framing: usize) -> bool {
    let mut place = at + usize::from(!text[at].is_ascii_digit());
    let mut skippable = framing;
    loop {
        let run = count_while(text, place, text.len(), |byte| byte.is_ascii_digit());
        if (0..=skippable.min(run))
            .any(|skipped| is_plausible_group(text, place + skipped, run - skipped))
        {
            return true;
        }
        skippable = 0;
        place += run + 1;
        if !is_gap(text.get(place - 1).copied()) || !is_digit_at(text, place) {
            return false;
        }
    }
}

fn is_plausible_group(text: &[u8], start: usize, run: usize) -> bool {
    let digits = &text[start..start + run];
    // UATP (see `bare`) is Luhn alone.
    let bare = (SHORTEST_CARD as usize..=LONGEST).contains(&run)
        && luhn(digits.iter().copied()) == 0
        && (has_issuer(digits) || run == 15);
    bare || grouped(text, start, run).is_some()
}

fn is_gap(byte: Option<u8>) -> bool {
    matches!(byte, Some(b' ' | b'-'))
}

/// The end of a card without separators.
fn bare(text: &[u8], start: usize, run: usize) -> Option<usize> {
    let end = start + run;
    let digits = &text[start..end];
    if run < SHORTEST_CARD as usize || run > LONGEST {
        return None;
    }
    let told = || has_context(text, start, 32, &["card", "credit", "visa", "cc"]);
    let valid = match run {
        // Bar codes (EAN-13) have 13 digits and a check digit of their own.
        13 => is_card(digits) && (!is_ean(digits) || told()),
        // Universal Air Travel Plan: all that begins with 1, too much to go without a word for it.
        15 if digits[0] == b'1' => is_card(digits) || luhn(digits.iter().copied()) == 0 && told(),
        _ => is_card(digits),
    };
    valid.then_some(end)
}

/// How cards are printed: sizes of the groups.
const GROUPINGS: &[&[usize]] = &[
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 3],
    &[4, 4, 4, 2],
    &[4, 4, 4, 1],
    &[4, 4, 5],
    &[4, 4, 4],
    &[6, 13],
    &[6, 10],
    &[6, 4, 4, 4],
    &[8, 8],
    &[5, 5, 5],
    &[3, 3, 3, 3, 3],
    &[2, 2, 2, 2, 2, 2, 2, 2],
];

/// The end of a card whose groups are separated by one and the same separator.
fn grouped(text: &[u8], start: usize, first: usize) -> Option<usize> {
    const MOST_GROUPS: usize = 8;
    let separator = *text.get(start + first)?;
    if first > 8 || !is_gap(Some(separator)) {
        return None;
    }
    let (mut digits, mut taken, mut place) = ([0; LONGEST], 0, start);
    let (mut sizes, mut ends, mut groups) = ([0; MOST_GROUPS], [0; MOST_GROUPS], 0);
    let mut run = first;
    while groups < MOST_GROUPS && run > 0 && taken + run <= LONGEST {
        digits[taken..taken + run].copy_from_slice(&text[place..place + run]);
        taken += run;
        place += run;
        (sizes[groups], ends[groups]) = (run, place);
        groups += 1;
        if text.get(place) != Some(&separator) {
            break;
        }
        place += 1;
        run = count_while(text, place, LONGEST + 1, |byte| byte.is_ascii_digit());
    }
    let valid = |grouping: &&&[usize]| {
        let count: usize = grouping.iter().sum();
        sizes[..groups].starts_with(grouping) && is_card(&digits[..count])
    };
    GROUPINGS
        .iter()
        .find(valid)
        .map(|grouping| ends[grouping.len() - 1])
}

/// Whether no letter or digit touches the number, and it is not a part of a decimal or of an identifier.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before_start = before(text, start);
    // Behind `RS35 ` it is the rest of an account number that is none.
    let account = matches!(text[..start], [.., first, second, third, fourth, b' '] if first.is_ascii_uppercase()
        && second.is_ascii_uppercase() && third.is_ascii_digit() && fourth.is_ascii_digit());
    let continued = account
        || match before_start {
            Some(b'.') => start >= 2 && is_digit_at(text, start - 2),
            Some(b'-') => {
                start >= 2 && is_alphanumeric_at(text, start - 2) && !is_digit_at(text, start - 2)
            }
            Some(byte) => byte.is_ascii_alphanumeric() || byte == b'+',
            None => false,
        };
    let continues = match text.get(end) {
        Some(b'.') => is_digit_at(text, end + 1),
        Some(b'-') => is_alphanumeric_at(text, end + 1) && !is_digit_at(text, end + 1),
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    !continued && !continues
}

/// GS1: weights 1 and 3, the sum is a multiple of ten.
fn is_ean(digits: &[u8]) -> bool {
    let weigh =
        |(place, digit): (usize, &u8)| u32::from(digit - b'0') * if place % 2 == 1 { 3 } else { 1 };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_ascend_without_overlap() {
        assert!(ISSUERS.iter().all(|issuer| issuer.first <= issuer.last));
        assert!(ISSUERS.windows(2).all(|pair| pair[0].last < pair[1].first));
    }

    #[test]
    fn groupings_have_the_length_of_a_card() {
        for grouping in GROUPINGS {
            assert!((SHORTEST_CARD as usize..=LONGEST).contains(&grouping.iter().sum()));
        }
    }
}
