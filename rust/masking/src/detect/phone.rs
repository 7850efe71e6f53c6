//! International telephone numbers: `+`, country code, national number (ITU-T E.164; lengths from the national
//! numbering plans). For numbers without a `+` see [`national`](super::national).

use super::Span;
use crate::bytes::{before, count_while, is_alphanumeric_at, is_digit_at};
use crate::detector::Detector;

/// Country codes of one and two digits with the lengths of their national numbers, shortest and longest.
#[rustfmt::skip]
const SHORT_CODES: &[(u16, u8, u8)] = &[
    (1, 10, 10), (7, 10, 10), (20, 8, 10), (27, 9, 9), (30, 10, 12), (31, 9, 11), (32, 8, 9),
    (33, 9, 9), (34, 9, 9), (36, 8, 9), (39, 6, 12), (40, 9, 9), (41, 9, 12), (43, 4, 13),
    (44, 9, 10), (45, 8, 8), (46, 7, 12), (47, 5, 12), (48, 9, 9), (49, 5, 13), (51, 8, 11),
    (52, 10, 11), (53, 6, 10), (54, 10, 11), (55, 10, 11), (56, 9, 11), (57, 8, 11), (58, 10, 10),
    (60, 8, 10), (61, 9, 10), (62, 7, 13), (63, 8, 13), (64, 7, 10), (65, 8, 11), (66, 8, 10),
    (81, 9, 11), (82, 8, 11), (84, 7, 10), (86, 10, 12), (90, 10, 13), (91, 10, 13), (92, 9, 12),
    (93, 9, 9), (94, 9, 9), (95, 6, 10), (98, 8, 10),
];

/// The same for codes of three digits. What is not listed is not assigned.
#[rustfmt::skip]
const LONG_CODES: &[(u16, u8, u8)] = &[
    (211, 9, 9), (212, 9, 9), (213, 8, 9), (216, 8, 8), (218, 8, 9), (220, 7, 7), (221, 9, 9),
    (222, 8, 8), (223, 8, 8), (224, 8, 9), (225, 8, 10), (226, 8, 8), (227, 8, 8), (228, 8, 8),
    (229, 8, 10), (230, 7, 10), (231, 7, 9), (232, 8, 8), (233, 9, 9), (234, 7, 11), (235, 8, 8),
    (236, 8, 8), (237, 8, 9), (238, 7, 7), (239, 7, 7), (240, 9, 9), (241, 7, 8), (242, 9, 9),
    (243, 7, 9), (244, 9, 9), (245, 7, 9), (246, 7, 7), (247, 4, 6), (248, 7, 7), (249, 9, 9),
    (250, 8, 9), (251, 9, 9), (252, 6, 9), (253, 8, 8), (254, 7, 10), (255, 9, 9), (256, 9, 9),
    (257, 8, 8), (258, 8, 9), (260, 9, 9), (261, 9, 9), (262, 9, 9), (263, 5, 10), (264, 8, 9),
    (265, 7, 9), (266, 8, 8), (267, 7, 10), (268, 8, 9), (269, 7, 7), (290, 4, 5), (291, 7, 7),
    (297, 7, 7), (298, 6, 6), (299, 6, 6), (350, 8, 8), (351, 9, 9), (352, 4, 11), (353, 7, 10),
    (354, 7, 9), (355, 6, 9), (356, 8, 8), (357, 8, 8), (358, 5, 12), (359, 6, 9), (370, 8, 8),
    (371, 8, 8), (372, 7, 10), (373, 8, 8), (374, 8, 8), (375, 9, 11), (376, 6, 9), (377, 8, 9),
    (378, 6, 10), (380, 9, 10), (381, 6, 12), (382, 8, 9), (383, 8, 9), (385, 8, 9), (386, 8, 8),
    (387, 8, 9), (389, 8, 8), (420, 9, 12), (421, 6, 9), (423, 7, 9), (500, 5, 5), (501, 7, 11),
    (502, 8, 11), (503, 7, 11), (504, 8, 11), (505, 8, 8), (506, 8, 10), (507, 7, 11), (508, 6, 9),
    (509, 8, 8), (590, 9, 9), (591, 8, 9), (592, 7, 7), (593, 8, 11), (594, 9, 9), (595, 6, 11),
    (596, 9, 9), (597, 6, 7), (598, 7, 13), (599, 7, 8), (670, 7, 8), (672, 6, 6), (673, 7, 7),
    (674, 7, 7), (675, 7, 8), (676, 5, 7), (677, 5, 7), (678, 5, 7), (679, 7, 11), (680, 7, 7),
    (681, 6, 9), (682, 5, 5), (683, 4, 7), (685, 5, 10), (686, 5, 8), (687, 6, 6), (688, 5, 7),
    (689, 6, 9), (690, 4, 7), (691, 7, 7), (692, 7, 7), (800, 8, 8), (808, 8, 8), (850, 8, 10),
    (852, 8, 11), (853, 8, 8), (855, 8, 10), (856, 8, 10), (870, 9, 12), (878, 12, 12),
    (880, 6, 10), (881, 9, 10), (882, 7, 12), (883, 9, 12), (886, 8, 11), (888, 11, 11),
    (960, 7, 10), (961, 7, 8), (962, 8, 9), (963, 8, 9), (964, 8, 10), (965, 7, 8), (966, 9, 10),
    (967, 7, 9), (968, 7, 9), (970, 8, 10), (971, 8, 12), (972, 8, 12), (973, 8, 8), (974, 7, 11),
    (975, 7, 8), (976, 8, 10), (977, 8, 11), (979, 9, 9), (992, 9, 9), (993, 8, 8), (994, 9, 9),
    (995, 9, 9), (996, 9, 10), (998, 9, 9),
];

/// Most digits in all (E.164 allows 15; some plans are longer in use).
const MOST_DIGITS: usize = 16;
/// Fewest digits in all that are told from arithmetic.
const FEWEST_DIGITS: usize = 7;
/// Longest extension behind a number.
const LONGEST_EXTENSION: usize = 6;

/// `at` is a `+`.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    if before(text, at)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
    {
        return equals_sign_before(text, at)
            .then(|| parse(text, at))
            .flatten();
    }
    parse(text, at)
}

/// `phone=+49…` is an assignment; `…=+` at the end of base64 is not, but has no number behind it either.
fn equals_sign_before(text: &[u8], at: usize) -> bool {
    before(text, at) == Some(b'=')
}

/// The number that begins with the `+` at `at`, whatever stands before it.
pub(crate) fn parse(text: &[u8], at: usize) -> Option<Span> {
    let mut digits = [0u8; MOST_DIGITS];
    // Where the number could end: behind each group, with the count of digits so far.
    let mut ends = [(0, 0); MOST_DIGITS];
    let (mut count, mut groups, mut place) = (0, 0, at + 1);
    place += usize::from(matches!(text.get(place), Some(b' ' | b'(')));
    while count < MOST_DIGITS {
        let run = count_while(text, place, MOST_DIGITS - count, |byte| {
            byte.is_ascii_digit()
        });
        if run == 0 {
            break;
        }
        digits[count..count + run].copy_from_slice(&text[place..place + run]);
        count += run;
        place += run;
        if !is_alphanumeric_at(text, place) || extension_length(text, place) > 0 {
            ends[groups] = (place, count);
            groups += 1;
        }
        place += gap_length(text, place);
    }
    let (code_length, shortest, longest) = country(&digits[..count])?;
    let lengths = (shortest.max(FEWEST_DIGITS - code_length), longest);
    let fits = |(end, count): &&(usize, usize)| {
        is_national(text, at, *end, count - code_length.min(*count), lengths)
    };
    let (end, _) = ends[..groups].iter().rev().find(fits)?;
    Some(Span::new(
        at,
        end + extension_length(text, *end),
        Detector::Phone,
    ))
}

/// Whether a number could begin with the `+` at `at`, whatever stands before and behind.
pub(crate) fn is_plausible(text: &[u8], at: usize) -> bool {
    let reach = &text[at + 1..text.len().min(at + 1 + 3 * FEWEST_DIGITS)];
    let first = reach.iter().find(|byte| !matches!(byte, b' ' | b'('));
    let digits = reach.iter().filter(|byte| byte.is_ascii_digit()).count();
    matches!(first, Some(b'1'..=b'9')) && digits >= FEWEST_DIGITS
}

/// Whether a number from `at` to `end` with so many digits behind the country code may be complete.
fn is_national(
    text: &[u8],
    at: usize,
    end: usize,
    count: usize,
    (shortest, longest): (usize, usize),
) -> bool {
    // A trunk zero in parentheses, +44 (0)20 …, is written but not part of the number.
    let trunk = text[at..end].windows(3).any(|window| window == b"(0)");
    let count = count - usize::from(trunk).min(count);
    let decimal = matches!(text.get(end), Some(b'.' | b',')) && is_digit_at(text, end + 1);
    (shortest..=longest).contains(&count) && !decimal
}

/// The country code that `digits` begin with: its length, and the shortest and longest national number.
pub(crate) fn country(digits: &[u8]) -> Option<(usize, usize, usize)> {
    [(1, SHORT_CODES), (2, SHORT_CODES), (3, LONG_CODES)]
        .into_iter()
        .find_map(|(length, codes)| {
            let code = crate::bytes::number(digits.get(..length)?) as u16;
            let row = codes
                .binary_search_by_key(&code, |(code, _, _)| *code)
                .ok()?;
            let (_, shortest, longest) = codes[row];
            Some((length, usize::from(shortest), usize::from(longest)))
        })
}

/// The length of what may stand between two groups of digits: `-`, `.`, ` `, `) `, ` (`, `)-`, ` - `; 0 if something
/// else follows, or no digit.
#[inline]
pub(crate) fn gap_length(text: &[u8], at: usize) -> usize {
    let length = count_while(text, at, 3, |byte| {
        matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
    });
    if length > 0 && is_digit_at(text, at + length) {
        length
    } else {
        0
    }
}

/// The length of an extension at `at`: `x123`, ` x123`, ` ext. 123`, `#123`.
pub(crate) fn extension_length(text: &[u8], at: usize) -> usize {
    let rest = &text[at.min(text.len())..];
    let marks: [&[u8]; 7] = [b" ext. ", b" ext ", b" ext.", b"ext", b" x", b"x", b"#"];
    let starts =
        |mark: &&&[u8]| rest.len() > mark.len() && rest[..mark.len()].eq_ignore_ascii_case(mark);
    let Some(mark) = marks.iter().find(starts) else {
        return 0;
    };
    let digits = count_while(rest, mark.len(), LONGEST_EXTENSION + 1, |byte| {
        byte.is_ascii_digit()
    });
    let end = mark.len() + digits;
    let ends = (1..=LONGEST_EXTENSION).contains(&digits) && !is_alphanumeric_at(rest, end);
    if ends {
        end
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_codes_ascend_and_none_begins_another() {
        for codes in [SHORT_CODES, LONG_CODES] {
            assert!(
                codes.windows(2).all(|pair| pair[0].0 < pair[1].0),
                "the lookup is binary"
            );
            assert!(codes
                .iter()
                .all(|(_, shortest, longest)| shortest <= longest));
        }
        let begins = |long: u16| {
            SHORT_CODES
                .iter()
                .any(|(short, ..)| *short == long / 10 || *short == long / 100)
        };
        assert!(LONG_CODES.iter().all(|(code, ..)| !begins(*code)));
    }
}
