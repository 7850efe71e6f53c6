//! Masking DataRow messages, a block at a time.
//!
//! A block's scanned cells are gathered and looked at in one pass. Rows in which nothing can match, and no rule changes
//! cells by itself, pass as they are; in the others each cell is treated on its own.

use std::ops::Range;

use safelight_masking::{Engine, Tally};

use crate::columns::Columns;
use crate::error::{broken, WireError};
use crate::frame::{message_size, Limits, HEAD};
use crate::output::Output;
use crate::treatment::Cell;

const BLOCK_BYTES: usize = 32 * 1024;
/// Between gathered cells: no detector matches across it.
pub const SEPARATOR: u8 = 0;

/// What was counted since the statement began.
#[derive(Default)]
pub struct Counts {
    pub rows: u64,
    pub bytes: u64,
    pub found: Tally,
    /// Cells changed (or shown in clear) by the rule of each column.
    pub changed: Vec<u64>,
}

/// Working memory, kept between blocks.
#[derive(Default)]
pub struct Block {
    /// The cells that detectors look at, a separator behind each.
    gathered: Vec<u8>,
    /// Where each row ends, in the input and in `gathered`.
    ends: Vec<(usize, usize)>,
}

impl Block {
    /// Take whole DataRow messages at `start` of the output's source, at most a block of them.
    /// Returns where the next message begins.
    pub fn mask(
        &mut self,
        engine: &Engine,
        columns: &Columns,
        start: usize,
        limits: Limits,
        out: &mut Output<'_>,
        counts: &mut Counts,
    ) -> Result<usize, WireError> {
        let end = self.gather(columns, out.source(), start, limits)?;
        let before = out.len();
        let mut clean_from = start;
        let mut gathered_from = 0;
        let mut first = 0;
        while let Some(place) = engine.next_candidate(&self.gathered, gathered_from) {
            let row =
                first + self.ends[first..].partition_point(|(_, gathered)| *gathered <= place);
            let Some((row_end, gathered_end)) = self.ends.get(row).copied() else {
                break;
            };
            let row_start = row
                .checked_sub(1)
                .map_or(start, |before| self.ends[before].0);
            clean_rows(engine, columns, clean_from..row_start, out, counts);
            counts.changed.resize(columns.cells.len(), 0);
            let suspect = &out.source()[row_start..row_end];
            mask_each(engine, columns, suspect, true, out.own(), counts);
            (clean_from, gathered_from, first) = (row_end, gathered_end, row + 1);
        }
        clean_rows(engine, columns, clean_from..end, out, counts);
        counts.rows += self.ends.len() as u64;
        counts.bytes += (out.len() - before) as u64;
        Ok(end)
    }

    fn gather(
        &mut self,
        columns: &Columns,
        source: &[u8],
        start: usize,
        limits: Limits,
    ) -> Result<usize, WireError> {
        self.gathered.clear();
        self.ends.clear();
        let mut end = start;
        while end - start < BLOCK_BYTES && source.get(end) == Some(&b'D') {
            match message_size(&source[end..], limits)? {
                Some(size) if end + size <= source.len() => {
                    gather_row(&source[end + HEAD..end + size], columns, &mut self.gathered)?;
                    end += size;
                    self.ends.push((end, self.gathered.len()));
                }
                _ => break,
            }
        }
        Ok(end)
    }
}

/// Rows in which no detector can find anything.
fn clean_rows(
    engine: &Engine,
    columns: &Columns,
    rows: Range<usize>,
    out: &mut Output<'_>,
    counts: &mut Counts,
) {
    if rows.is_empty() {
        return;
    }
    if columns.touches_every_row {
        counts.changed.resize(columns.cells.len(), 0);
        let run = &out.source()[rows];
        mask_each(engine, columns, run, false, out.own(), counts);
    } else {
        out.pass(rows);
    }
}

/// Check a row against its columns and collect the cells that detectors look at.
fn gather_row(body: &[u8], columns: &Columns, gathered: &mut Vec<u8>) -> Result<(), WireError> {
    let Some((count, mut rest)) = body.split_first_chunk::<2>() else {
        return broken("a DataRow without a count");
    };
    if usize::from(u16::from_be_bytes(*count)) != columns.cells.len() {
        return broken("a DataRow with another number of columns than was described");
    }
    for scans in &columns.scans_raw {
        let Some((length, after)) = rest.split_first_chunk::<4>() else {
            return broken("a DataRow that ends before its columns do");
        };
        let length = i32::from_be_bytes(*length);
        if length == -1 {
            rest = after;
            continue;
        }
        let length = length as u32 as usize;
        if length > after.len() {
            return broken("a DataRow with a lying column length");
        }
        let (cell, after) = after.split_at(length);
        if *scans {
            gathered.extend_from_slice(cell);
            gathered.push(SEPARATOR);
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(())
    } else {
        broken("a DataRow with bytes left over")
    }
}

/// Rewrite rows that were checked by [`gather_row`].
fn mask_each(
    engine: &Engine,
    columns: &Columns,
    mut run: &[u8],
    suspect: bool,
    out: &mut Vec<u8>,
    counts: &mut Counts,
) {
    while run.len() > HEAD {
        let row = out.len();
        out.extend_from_slice(&run[..HEAD + 2]);
        let mut at = HEAD + 2;
        for ((treatment, raw), changed) in columns
            .cells
            .iter()
            .zip(&columns.scans_raw)
            .zip(&mut counts.changed)
        {
            let length = length_at(run, at);
            let end = at + 4 + length.unwrap_or(0);
            if *raw && !suspect {
                out.extend_from_slice(&run[at..end]);
                at = end;
                continue;
            }
            let value = length.map(|length| &run[at + 4..at + 4 + length]);
            let cell = out.len();
            out.extend_from_slice(&run[at..at + 4]);
            match treatment.apply(engine, value, out, &mut counts.found, changed) {
                Cell::Same => out.extend_from_slice(value.unwrap_or_default()),
                Cell::Replaced => {
                    let length = (out.len() - cell - 4) as u32;
                    out[cell..cell + 4].copy_from_slice(&length.to_be_bytes());
                }
                Cell::Null => {
                    out.truncate(cell);
                    out.extend_from_slice(&(-1i32).to_be_bytes());
                }
            }
            at = end;
        }
        let length = (out.len() - row - 1) as u32;
        out[row + 1..row + HEAD].copy_from_slice(&length.to_be_bytes());
        run = &run[at..];
    }
}

/// The length of the cell at `at`, `None` for NULL.
fn length_at(row: &[u8], at: usize) -> Option<usize> {
    let length = i32::from_be_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    usize::try_from(length).ok()
}
