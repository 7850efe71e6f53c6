//! Telephone numbers without a `+`. Digits alone are too ambiguous, so something must speak for them: a region's plan
//! and the groups in which numbers are written, a word (`tel`, `mobile`), North America's `(201) 555-0123`, a trunk
//! zero before groups, or an area in parentheses.
//!
//! Dates, decimals, thousands and social security numbers are written in groups too and are left out by their shape.

use super::ids;
use super::phone::{country, extension_length, gap_length};
use super::phone_words::{self, Said};
use super::Span;
use crate::bytes::{before, count_while, is_alphanumeric_at, is_digit_at};
use crate::detector::Detector;
use crate::regions::Regions;

/// Most groups that are read, and most of one number.
const MOST_GROUPS: usize = 8;
const MOST_GROUPS_OF_ONE: usize = 6;
/// Longest group that is read; in a longer one there is no number.
const LONGEST_GROUP: usize = 17;
/// Fewest digits of a national identifier.
const FEWEST_OF_IDS: usize = 7;
const MOST_DIGITS: usize = 15;
const FEWEST_DIGITS: usize = 6;

/// Groups of digits with single gaps between them.
struct Groups {
    /// Start and end of each.
    places: [(usize, usize); MOST_GROUPS],
    count: usize,
}

/// Confirm the numbers in the run of digits and separators at `at`. Returns where the run ends.
pub(crate) fn confirm(text: &[u8], at: usize, regions: &Regions, spans: &mut Vec<Span>) -> usize {
    let mut place = at + date_length(text, at);
    loop {
        let groups = read(text, place);
        let all = &groups.places[..groups.count];
        if digits_of(all) >= FEWEST_DIGITS && !is_price(text, all) {
            confirm_groups(text, all, regions, spans);
        }
        if groups.count == MOST_GROUPS {
            // A number may begin in the last of them.
            place = all[MOST_GROUPS - MOST_GROUPS_OF_ONE + 1].0;
            continue;
        }
        // An area in parentheses before is read again.
        let mut end = all.last().map_or(place, |(_, end)| place.max(*end));
        end += count_while(text, end, text.len(), |byte| byte.is_ascii_digit());
        // A date, or a group too long for a number, parts what is before it from what is behind.
        let next = end + gap_length(text, end);
        place = next + date_length(text, next);
        if place == end {
            return end.max(at + 1);
        }
    }
}

fn confirm_groups(text: &[u8], all: &[(usize, usize)], regions: &Regions, spans: &mut Vec<Span>) {
    // Britain's has six, in pairs or directly behind letters.
    let pairs = || all.len() == 3 && all.iter().all(|(start, end)| end - start == 2);
    let lettered = || before(text, all[0].0).is_some_and(|byte| byte.is_ascii_alphabetic());
    if digits_of(all) >= FEWEST_OF_IDS || pairs() || lettered() {
        if let Some(span) = ids::confirm(text, all) {
            spans.push(span);
            return;
        }
    }
    // Between the groups are no words, so that they are the same for all.
    let mut said = None;
    let mut say = || *said.get_or_insert_with(|| phone_words::before(text, all[0].0, false));
    if let [(start, end)] = all {
        // Bare digits: only a word can tell.
        if end - start <= FEWEST_DIGITS || say() == Said::Nothing {
            return;
        }
    }
    // The seconds of a time are no start.
    let mut first = usize::from(
        before(text, all[0].0) == Some(b':') && all[0].0 >= 2 && is_digit_at(text, all[0].0 - 2),
    );
    let told = regions.plans().next().is_some()
        || say() != Said::Nothing
        || phone_words::behind(text, all[all.len() - 1].1);
    let mut known = spans.last().map_or(0, |span| span.end);
    while first < all.len() {
        if all[first].0 < known {
            first += 1;
            continue;
        }
        if !told && !has_shape(text, all[first]) {
            first += 1;
            continue;
        }
        let furthest = (first + MOST_GROUPS_OF_ONE).min(all.len());
        let found = (first..furthest).rev().find_map(|last| {
            if is_torn(text, all, first, last, known) {
                return None;
            }
            let number = Number::new(text, &all[first..=last])?;
            let told = number.is_told(regions, &mut say) && number.stands_alone(known);
            told.then_some((last, number))
        });
        match found {
            Some((last, number)) => {
                let end = number.end + extension_length(text, number.end);
                spans.push(Span::new(number.start, end, Detector::Phone));
                known = end;
                first = last + 1;
            }
            None => first += 1,
        }
    }
}

/// `45 99.90`: two short numbers, of which one has cents.
fn is_price(text: &[u8], all: &[(usize, usize)]) -> bool {
    all.len() <= 3
        && all.iter().all(|(start, end)| end - start <= 3)
        && all
            .windows(2)
            .any(|pair| text[pair[0].1] == b'.' && pair[1].1 - pair[1].0 <= 2)
}

/// Whether a number that its shape alone tells could begin with this group.
fn has_shape(text: &[u8], (start, end): (usize, usize)) -> bool {
    text[start] == b'0'
        || before(text, start) == Some(b'(')
        || end - start == 3
        || end - start == 1 && text[start] == b'1'
}

/// Whether spaces part the groups from others as they part them from each other: no number of its own.
fn is_torn(text: &[u8], all: &[(usize, usize)], first: usize, last: usize, known: usize) -> bool {
    let spaced = |index: usize| index + 1 < all.len() && text[all[index].1] == b' ';
    let outside = first > 0 && all[first - 1].1 > known && spaced(first - 1) || spaced(last);
    outside && (first..last).any(spaced)
}

/// Whether a number could be in the run at `at`, if up to `framing` digits at its start do not belong to it.
pub(crate) fn is_plausible(text: &[u8], at: usize, framing: usize, regions: &Regions) -> bool {
    let mut groups = read(text, at);
    if groups.count == 0 || digits_of(&groups.places[..groups.count]) < FEWEST_DIGITS {
        return false;
    }
    let (start, end) = groups.places[0];
    // The seconds of a time, an amount.
    if groups.count == 2 && text[end] == b'.' {
        return false;
    }
    if ids::is_plausible(text, &groups.places[..groups.count]) {
        return true;
    }
    if groups.count == 1
        && (end - start <= FEWEST_DIGITS || phone_words::before(text, start, true) == Said::Nothing)
    {
        return false;
    }
    (0..=framing.min(end - start - 1)).any(|skipped| {
        groups.places[0].0 = start + skipped;
        let all = &groups.places[..groups.count];
        (0..all.len()).any(|first| {
            (first..all.len()).any(|last| {
                Number::new(text, &all[first..=last]).is_some_and(|number| {
                    number.is_told(regions, &mut || {
                        phone_words::before(text, number.start, true)
                    })
                })
            })
        })
    })
}

fn digits_of(groups: &[(usize, usize)]) -> usize {
    groups.iter().map(|(start, end)| end - start).sum()
}

/// The digits in parentheses before the group at `at`: `(0131) `, and those before them are not.
fn area_before(text: &[u8], at: usize) -> Option<(usize, usize)> {
    const LONGEST: usize = 5;
    let head = &text[..at.min(text.len())];
    let head = head
        .strip_suffix(b" ")
        .or_else(|| head.strip_suffix(b"-"))
        .unwrap_or(head);
    let inner = head.strip_suffix(b")")?;
    let digits = inner
        .iter()
        .rev()
        .take(LONGEST + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let start = inner.len() - digits;
    ((1..=LONGEST).contains(&digits) && before(text, start) == Some(b'('))
        .then_some((start, inner.len()))
}

/// The length of a date and a gap, `2024-04-13 `, at `at`.
#[inline]
fn date_length(text: &[u8], at: usize) -> usize {
    if text.get(at + 4) != Some(&b'-') {
        return 0;
    }
    match text.get(at..) {
        Some([b'1' | b'2', b, c, d, b'-', e, f, b'-', g, h, rest @ ..])
            if [b, c, d, e, f, g, h]
                .iter()
                .all(|byte| byte.is_ascii_digit())
                && !rest.first().is_some_and(u8::is_ascii_digit) =>
        {
            10 + gap_length(text, at + 10)
        }
        _ => 0,
    }
}

fn read(text: &[u8], at: usize) -> Groups {
    let mut groups = Groups {
        places: [(0, 0); MOST_GROUPS],
        count: 0,
    };
    let mut place = at + count_while(text, at, 3, |byte| !byte.is_ascii_digit());
    // Digits directly before belong to the group.
    place -= text[..place.min(text.len())]
        .iter()
        .rev()
        .take(LONGEST_GROUP)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if let Some(area) = area_before(text, place) {
        groups.places[0] = area;
        groups.count = 1;
    }
    while groups.count < MOST_GROUPS && date_length(text, place) == 0 {
        let length = count_while(text, place, LONGEST_GROUP + 1, |byte| byte.is_ascii_digit());
        if length == 0 || length > LONGEST_GROUP {
            break;
        }
        groups.places[groups.count] = (place, place + length);
        groups.count += 1;
        place += length;
        match gap_length(text, place) {
            0 => break,
            gap => place += gap,
        }
    }
    groups
}

/// Some of the groups, taken for one number.
struct Number<'a> {
    text: &'a [u8],
    groups: &'a [(usize, usize)],
    /// With the parenthesis that is opened before the first group.
    start: usize,
    end: usize,
    digits: [u8; MOST_DIGITS],
    count: usize,
    /// Parentheses, and other separators but spaces.
    parentheses: bool,
    marks: bool,
    dots: bool,
    spaces: bool,
}

impl<'a> Number<'a> {
    fn new(text: &'a [u8], groups: &'a [(usize, usize)]) -> Option<Number<'a>> {
        let ((mut start, _), (_, end)) = (*groups.first()?, *groups.last()?);
        let count = digits_of(groups);
        if !(FEWEST_DIGITS..=MOST_DIGITS).contains(&count) {
            return None;
        }
        let mut digits = [0; MOST_DIGITS];
        let mut taken = 0;
        for (start, end) in groups {
            digits[taken..taken + end - start].copy_from_slice(&text[*start..*end]);
            taken += end - start;
        }
        let gaps = || {
            groups
                .windows(2)
                .flat_map(|pair| &text[pair[0].1..pair[1].0])
        };
        let closed = gaps().filter(|byte| **byte == b')').count();
        let opened = gaps().filter(|byte| **byte == b'(').count();
        if closed == opened + 1 && before(text, start) == Some(b'(') {
            start -= 1;
        } else if closed != opened {
            return None;
        }
        Some(Number {
            text,
            groups,
            start,
            end,
            digits,
            count,
            parentheses: closed > 0,
            marks: gaps().any(|byte| matches!(byte, b'-' | b'/' | b'.')),
            dots: gaps().any(|byte| *byte == b'.'),
            spaces: gaps().any(|byte| *byte == b' '),
        })
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn size(&self, index: usize) -> usize {
        self.groups.get(index).map_or(0, |(start, end)| end - start)
    }

    fn value(&self, index: usize) -> u32 {
        let (start, end) = self.groups[index];
        crate::bytes::number(&self.text[start..end.min(start + 9)])
    }

    /// Whether neither letters nor more groups touch the number; a number that ends at `known` is no part of it.
    fn stands_alone(&self, known: usize) -> bool {
        let (text, start, end) = (self.text, self.start, self.end);
        let joined = |byte: Option<u8>| match byte {
            Some(b' ') => self.spaces,
            Some(byte) => matches!(byte, b'-' | b'.' | b'/' | b':' | b'_' | b'+' | b'#' | b'='),
            None => false,
        };
        let edge = before(text, start);
        let continued = edge.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'_' | b'#' | b'$')
        }) || joined(edge)
            && start >= 2
            && (is_digit_at(text, start - 2)
                || edge != Some(b' ')
                    && edge != Some(b':')
                    && edge != Some(b'=')
                    && is_alphanumeric_at(text, start - 2));
        let word = phone_words::behind(text, end);
        let extended = extension_length(text, end) > 0;
        let continues = is_alphanumeric_at(text, end)
            || matches!(text.get(end), Some(b'_' | b'%' | b'@'))
            || joined(text.get(end).copied())
                && (is_digit_at(text, end + 1)
                    || text[end] != b' ' && text[end] != b':' && is_alphanumeric_at(text, end + 1))
            || text.get(end) == Some(&b':') && is_digit_at(text, end + 1);
        let continued = continued && (start != known || known == 0);
        !continued && (!continues || word || extended)
    }

    /// Whether anything speaks for its being a telephone number. `say`: what the words before it promise.
    fn is_told(&self, regions: &Regions, say: &mut dyn FnMut() -> Said) -> bool {
        if self.is_date() || self.is_amount() {
            return false;
        }
        let grouped = self.groups.len() > 1;
        let by_shape = grouped
            && (self.is_north_american()
                || self.is_trunk()
                || self.is_area()
                || self.is_dialled_abroad());
        by_shape
            || grouped
                && !self.is_small_date()
                && regions.plans().any(|plan| plan.has(self.digits()))
            || self.is_said(regions, say)
    }

    fn is_said(&self, regions: &Regions, say: &mut dyn FnMut() -> Said) -> bool {
        let grouped = self.groups.len() > 1;
        let fewest = if grouped {
            FEWEST_DIGITS
        } else {
            FEWEST_DIGITS + 1
        };
        if self.count < fewest || self.is_small_date() {
            return false;
        }
        let said = say();
        let planned = || regions.plans().any(|plan| plan.has(self.digits()));
        said == Said::Strong
            || said == Said::Weak && (grouped || planned())
            || grouped && phone_words::behind(self.text, self.end)
    }

    /// `(201) 555-0123`, `201.555.0123`, `1-201-555-0123`: neither area nor exchange begins with 0 or 1.
    fn is_north_american(&self) -> bool {
        let first = usize::from(
            self.size(0) == 1 && self.digits[0] == b'1'
                || self.size(0) == 3 && self.digits().starts_with(b"001"),
        );
        let sizes = [0, 1, 2].map(|index| self.size(first + index));
        let local = self
            .digits()
            .get(self.count.saturating_sub(10)..)
            .unwrap_or_default();
        let assigned = local.len() == 10 && local[0] > b'1' && local[3] > b'1';
        let extended = || extension_length(self.text, self.end) > 0;
        sizes == [3, 3, 4]
            && self.groups.len() == first + 3
            && (self.parentheses || self.marks)
            && (assigned || self.size(0) == 3 && first == 1 || extended())
    }

    /// `0131 496 0817`, `06-24312407`: a zero and then no zero, in few and long groups.
    fn is_trunk(&self) -> bool {
        let plain = self.digits[0] == b'0' && self.digits[1] > b'0' && !self.dots;
        let groups = self.groups.len();
        // Groups do not shrink to two digits behind one of four: the tail of an account number does.
        let even = self.size(groups - 1) >= 3 || (1..groups).all(|index| self.size(index) <= 3);
        let long = groups == 2 && (2..=5).contains(&self.size(0)) && self.size(1) >= 4;
        plain && even && groups <= 5 && ((10..=11).contains(&self.count) || self.count == 9 && long)
    }

    /// `(07) 1234567`, `(242) 359-1234`.
    fn is_area(&self) -> bool {
        self.text[self.start] == b'(' && self.size(0) <= 5 && (8..=12).contains(&self.count)
    }

    /// `0049 30 901820`: 00, a country code, a number as long as that country's.
    fn is_dialled_abroad(&self) -> bool {
        let Some(number) = self.digits().strip_prefix(b"00") else {
            return false;
        };
        country(number).is_some_and(|(code, shortest, longest)| {
            (shortest..=longest).contains(&(number.len() - code))
        })
    }

    fn is_year(&self, index: usize) -> bool {
        self.size(index) == 4 && (1800..2200).contains(&self.value(index))
    }

    /// `2024-04-13`, `13.04.2024`, `2024-04`, `2019-2023`; and a social security number.
    fn is_date(&self) -> bool {
        let last = self.groups.len() - 1;
        let small = |index: usize| self.size(index) <= 2 && self.value(index) <= 31;
        match self.groups.len() {
            2 => self.is_year(0) && (self.is_year(1) || self.size(1) <= 2),
            3 => {
                self.is_year(0) && small(1) && small(2)
                    || self.is_year(last) && small(0) && small(1)
                    || [0, 1, 2].map(|index| self.size(index)) == [3, 2, 4]
            }
            4.. => self.is_year(0) && small(1) && small(2),
            _ => false,
        }
    }

    /// `13.04.24`, `13-04-24`.
    fn is_small_date(&self) -> bool {
        self.groups.len() == 3 && self.marks && (0..3).all(|index| self.size(index) == 2)
    }

    /// `12.50`, `1.234.567`, `1 234 567.50`.
    fn is_amount(&self) -> bool {
        let thousands =
            self.size(0) <= 3 && (1..self.groups.len()).all(|index| self.size(index) == 3);
        let last = self.groups.len() - 1;
        let cents = last > 0
            && self.text[self.groups[last - 1].1] == b'.'
            && self.size(last) <= 2
            && self.spaces;
        self.dots && (last == 1 || cents || thousands && self.digits[0] != b'0')
    }
}
