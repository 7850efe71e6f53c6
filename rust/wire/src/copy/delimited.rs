//! COPY in text and csv. Source: PostgreSQL documentation, COPY, "Text Format" and "CSV Format".

use safelight_masking::Engine;

use crate::copy::{CopyFormat, CopyPlan};
use crate::error::{broken, WireError};
use crate::rows::{Counts, SEPARATOR};
use crate::treatment::Cell;

/// Finds the ends of rows, remembering how far it looked; then masks each row.
pub struct Splitter {
    header_left: bool,
    /// How much of the unfinished row was looked at, and what the next byte means there.
    looked: usize,
    quoted: bool,
    escaped: bool,
    values: Vec<u8>,
    fields: Vec<Field>,
}

/// A field of a row: where it stands, and where its value is among the values. NULL has no value.
struct Field {
    start: usize,
    end: usize,
    value: Option<(usize, usize)>,
    quoted: bool,
}

impl Splitter {
    pub fn new(header: bool) -> Self {
        Self {
            header_left: header,
            looked: 0,
            quoted: false,
            escaped: false,
            values: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Mask the complete rows of `data`; returns how much was used.
    pub fn rows(
        &mut self,
        plan: &CopyPlan,
        engine: &Engine,
        data: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<usize, WireError> {
        let mut start = 0;
        while let Some(end) = self.row_end(plan, data, start) {
            let row = &data[start..end];
            self.split(plan, row);
            let columns = plan.cells().len();
            // A row without columns is an empty line, which reads as one empty field.
            if self.fields.len() != columns && !(columns == 0 && row.is_empty()) {
                return broken("a COPY row with another number of columns than was planned");
            }
            if std::mem::take(&mut self.header_left) {
                out.extend_from_slice(row);
            } else {
                self.mask(plan, engine, row, out, counts);
                counts.rows += 1;
            }
            out.push(b'\n');
            start = end + 1;
        }
        Ok(start)
    }

    /// Where the row at `start` ends: its newline, not counting escaped and quoted ones.
    fn row_end(&mut self, plan: &CopyPlan, data: &[u8], start: usize) -> Option<usize> {
        let csv = plan.format == CopyFormat::Csv;
        for (at, byte) in data.iter().enumerate().skip(start + self.looked) {
            let byte = *byte;
            if self.escaped {
                self.escaped = false;
                // In csv the escape character only counts before a quote or itself.
                if !csv || byte == plan.quote || byte == plan.escape {
                    continue;
                }
            }
            if csv {
                if self.quoted && byte == plan.escape && plan.escape != plan.quote {
                    self.escaped = true;
                } else if byte == plan.quote {
                    self.quoted = !self.quoted;
                } else if byte == b'\n' && !self.quoted {
                    self.looked = 0;
                    return Some(at);
                }
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'\n' {
                self.looked = 0;
                return Some(at);
            }
        }
        self.looked = data.len() - start;
        None
    }

    fn split(&mut self, plan: &CopyPlan, row: &[u8]) {
        self.values.clear();
        self.fields.clear();
        let mut at = 0;
        loop {
            let start = at;
            let from = self.values.len();
            let quoted;
            (at, quoted) = match plan.format {
                CopyFormat::Csv => csv_value(plan, row, at, &mut self.values),
                _ => (text_value(plan, row, at, &mut self.values), false),
            };
            let null = !quoted && row[start..at] == *plan.null;
            if null {
                self.values.truncate(from);
            }
            self.fields.push(Field {
                start,
                end: at,
                value: (!null).then_some((from, self.values.len())),
                quoted,
            });
            self.values.push(SEPARATOR);
            if at >= row.len() {
                return;
            }
            at += 1; // the delimiter
        }
    }

    fn mask(
        &self,
        plan: &CopyPlan,
        engine: &Engine,
        row: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) {
        if !plan.touches_every_row && !self.hex() && !engine.may_match(&self.values) {
            return out.extend_from_slice(row);
        }
        let mut replacement = Vec::new();
        let columns = plan.cells().iter().zip(&mut counts.changed);
        for (ordinal, (field, (treatment, changed))) in self.fields.iter().zip(columns).enumerate()
        {
            if ordinal > 0 {
                out.push(plan.delimiter);
            }
            let value = field.value.map(|(from, to)| &self.values[from..to]);
            replacement.clear();
            match treatment.apply(engine, value, &mut replacement, &mut counts.found, changed) {
                Cell::Same => out.extend_from_slice(&row[field.start..field.end]),
                Cell::Null => out.extend_from_slice(&plan.null),
                Cell::Replaced if plan.format == CopyFormat::Csv => {
                    write_csv(plan, &replacement, field.quoted, out);
                }
                Cell::Replaced => write_text(plan, &replacement, out),
            }
        }
    }

    /// Whether a field may be bytea in hex, which a scan of its text does not look into.
    fn hex(&self) -> bool {
        self.fields
            .iter()
            .filter_map(|field| field.value)
            .any(|(from, _)| self.values[from..].starts_with(b"\\x"))
    }
}

/// Append the value of the field at `at` without its escapes; returns where the field ends.
fn text_value(plan: &CopyPlan, row: &[u8], mut at: usize, values: &mut Vec<u8>) -> usize {
    while at < row.len() && row[at] != plan.delimiter {
        if row[at] == b'\\' && at + 1 < row.len() {
            at += 1;
            values.push(match row[at] {
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => other,
            });
        } else {
            values.push(row[at]);
        }
        at += 1;
    }
    at
}

/// The same for csv; also whether any of it was quoted.
fn csv_value(plan: &CopyPlan, row: &[u8], mut at: usize, values: &mut Vec<u8>) -> (usize, bool) {
    let mut inside = false;
    let mut quoted = false;
    while at < row.len() && (inside || row[at] != plan.delimiter) {
        let byte = row[at];
        let next = row.get(at + 1).copied();
        if inside
            && byte == plan.escape
            && next.is_some_and(|n| n == plan.quote || n == plan.escape)
        {
            at += 1;
            values.push(row[at]);
        } else if byte == plan.quote {
            inside = !inside;
            quoted = true;
        } else {
            values.push(byte);
        }
        at += 1;
    }
    (at, quoted)
}

fn write_text(plan: &CopyPlan, value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        let escape = match byte {
            8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            11 => b'v',
            12 => b'f',
            b'\r' => b'r',
            b'\\' => b'\\',
            other if *other == plan.delimiter => *other,
            other => {
                out.push(*other);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escape]);
    }
}

fn write_csv(plan: &CopyPlan, value: &[u8], was_quoted: bool, out: &mut Vec<u8>) {
    let special = |byte: &u8| {
        matches!(byte, b'\n' | b'\r' | b' ') || *byte == plan.delimiter || *byte == plan.quote
    };
    let quote = plan.force_quote
        || was_quoted
        || value == plan.null
        || value == b"\\."
        || value.iter().any(special);
    if !quote {
        return out.extend_from_slice(value);
    }
    out.push(plan.quote);
    for byte in value {
        if *byte == plan.quote || *byte == plan.escape {
            out.push(plan.escape);
        }
        out.push(*byte);
    }
    out.push(plan.quote);
}
