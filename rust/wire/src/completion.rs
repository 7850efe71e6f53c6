//! What is told of a statement that has ended.

use safelight_masking::Tally;

use crate::expectation::{Expectation, State};
use crate::rows::Counts;
use crate::treatment::Treatment;

/// CommandComplete, EmptyQueryResponse or PortalSuspended (`code`). `rows` are those that were sent or, without a
/// result, those that the tag tells. `labels` counts cells by label; `found` by detector.
#[derive(Debug)]
pub struct Completion {
    pub code: u8,
    pub token: i64,
    pub tag: Vec<u8>,
    pub rows: u64,
    pub bytes: u64,
    pub found: Tally,
    pub labels: Vec<(String, u64)>,
}

impl Completion {
    pub(crate) fn new(code: u8, of: &Expectation, body: &[u8], counts: Counts) -> Self {
        let tag = body.split_last().map_or(&[][..], |(_, tag)| tag);
        let labels = match &of.state {
            _ if counts.changed.is_empty() => Vec::new(),
            State::Rows(columns) => by_name(&columns.cells, &columns.labels, &counts.changed),
            _ => of
                .plan()
                .and_then(|plan| plan.copy())
                .map_or_else(Vec::new, |copy| {
                    by_name(copy.cells(), &copy.labels, &counts.changed)
                }),
        };
        Self {
            code,
            token: of.token,
            rows: if counts.rows > 0 {
                counts.rows
            } else {
                affected(tag)
            },
            tag: tag.to_vec(),
            bytes: counts.bytes,
            found: counts.found,
            labels,
        }
    }
}

/// The counts of columns by what they are counted as.
fn by_name(cells: &[Treatment], labels: &[Option<String>], changed: &[u64]) -> Vec<(String, u64)> {
    let mut named: Vec<(String, u64)> = Vec::new();
    for ((cell, label), count) in cells.iter().zip(labels).zip(changed) {
        let Some(name) = cell.counted_as(label.as_deref()).filter(|_| *count > 0) else {
            continue;
        };
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, total)) => *total += count,
            None => named.push((name, *count)),
        }
    }
    named
}

/// Rows that a statement without a result touched: the last word of its tag.
fn affected(tag: &[u8]) -> u64 {
    let word = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(word)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}
