//! Masking COPY OUT: text, csv and binary.
//!
//! The server sends a row per CopyData, but nothing here relies on it: rows may be cut or joined in any way. An
//! unfinished row is held, bounded by the limit of a row.

mod binary;
mod delimited;

use safelight_masking::Engine;

use crate::columns::label;
use crate::error::{broken, WireError};
use crate::rows::Counts;
use crate::treatment::{ColumnRule, Treatment};

use binary::Phase;
use delimited::Splitter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    Text,
    Csv,
    Binary,
}

/// How the rows of a COPY are written (the statement's options), and the rule of each column.
#[derive(Debug)]
pub struct CopyPlan {
    pub format: CopyFormat,
    pub delimiter: u8,
    pub null: Vec<u8>,
    pub quote: u8,
    pub escape: u8,
    pub header: bool,
    pub force_quote: bool,
    cells: Vec<Treatment>,
    pub labels: Vec<Option<String>>,
    touches_every_row: bool,
}

impl CopyPlan {
    #[allow(clippy::too_many_arguments)] // the options of one COPY statement
    pub fn new(
        format: CopyFormat,
        delimiter: u8,
        null: Vec<u8>,
        quote: u8,
        escape: u8,
        header: bool,
        force_quote: bool,
        rules: &[ColumnRule],
    ) -> Self {
        let cells: Vec<Treatment> = rules
            .iter()
            .map(|rule| match format {
                CopyFormat::Binary => Treatment::of_copy_binary(rule),
                CopyFormat::Text | CopyFormat::Csv => Treatment::of_copy_text(rule),
            })
            .collect();
        Self {
            format,
            delimiter,
            null,
            quote,
            escape,
            header,
            force_quote,
            labels: rules.iter().map(label).collect(),
            touches_every_row: cells.iter().any(Treatment::touches_every_cell),
            cells,
        }
    }

    pub fn cells(&self) -> &[Treatment] {
        &self.cells
    }

    /// Whether a CopyOutResponse body announces what the plan expects.
    pub fn agrees(&self, body: &[u8]) -> bool {
        let Some((head, formats)) = body.split_first_chunk::<3>() else {
            return false;
        };
        let binary = u8::from(self.format == CopyFormat::Binary);
        let count = usize::from(u16::from_be_bytes([head[1], head[2]]));
        head[0] == binary
            && count == self.cells.len()
            && formats.len() == count * 2
            && formats.chunks_exact(2).all(|format| format == [0, binary])
    }
}

/// One COPY OUT on its way.
pub struct CopyOut {
    pending: Vec<u8>,
    splitter: Splitter,
    phase: Phase,
    limit: usize,
}

impl CopyOut {
    pub fn new(plan: &CopyPlan, max_row_bytes: usize) -> Self {
        Self {
            pending: Vec::new(),
            splitter: Splitter::new(plan.header),
            phase: Phase::Header,
            limit: max_row_bytes,
        }
    }

    /// Take the payload of a CopyData; append the masked rows that are complete now.
    pub fn feed(
        &mut self,
        plan: &CopyPlan,
        engine: &Engine,
        data: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<(), WireError> {
        counts.changed.resize(plan.cells.len(), 0);
        let held = std::mem::take(&mut self.pending);
        if held.is_empty() {
            let used = self.rows(plan, engine, data, out, counts)?;
            self.pending.extend_from_slice(&data[used..]);
        } else {
            let mut all = held;
            all.extend_from_slice(data);
            let used = self.rows(plan, engine, &all, out, counts)?;
            all.drain(..used);
            self.pending = all;
        }
        if self.pending.len() > self.limit {
            return Err(WireError::RowTooLarge {
                bytes: self.pending.len(),
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// CopyDone: nothing may be left unfinished.
    pub fn finish(&self, plan: &CopyPlan) -> Result<(), WireError> {
        let trailer_missing = plan.format == CopyFormat::Binary && self.phase != Phase::Done;
        if !self.pending.is_empty() || trailer_missing {
            return broken("a COPY that ends inside a row");
        }
        Ok(())
    }

    fn rows(
        &mut self,
        plan: &CopyPlan,
        engine: &Engine,
        data: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<usize, WireError> {
        match plan.format {
            CopyFormat::Binary => self.phase.rows(plan, engine, data, out, counts),
            CopyFormat::Text | CopyFormat::Csv => {
                self.splitter.rows(plan, engine, data, out, counts)
            }
        }
    }
}
