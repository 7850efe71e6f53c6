//! COPY in text and csv. Source: PostgreSQL documentation, COPY, "Text Format" and "CSV Format".

use memchr::{memchr2, memchr3};
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
    replacement: Vec<u8>,
}

/// A field of a row: where it stands, and where its value is among the values. NULL has no value.
struct Field {
    start: usize,
    end: usize,
    value: Option<(usize, usize)>,
    quoted: bool,
    /// A detector may find something in it.
    suspect: bool,
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
            replacement: Vec::new(),
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
        if start + self.looked >= data.len() {
            return None; // nothing new, and a pending escape stays pending
        }
        let found = match plan.format {
            CopyFormat::Csv => self.csv_row_end(plan, data, start + self.looked),
            _ => self.text_row_end(data, start + self.looked),
        };
        self.looked = if found.is_some() {
            0
        } else {
            data.len() - start
        };
        found
    }

    fn text_row_end(&mut self, data: &[u8], mut at: usize) -> Option<usize> {
        if std::mem::take(&mut self.escaped) {
            at += 1;
        }
        loop {
            at += memchr2(b'\\', b'\n', data.get(at..)?)?;
            if data[at] == b'\n' {
                return Some(at);
            }
            self.escaped = at + 1 == data.len();
            at += 2;
        }
    }

    fn csv_row_end(&mut self, plan: &CopyPlan, data: &[u8], mut at: usize) -> Option<usize> {
        if std::mem::take(&mut self.escaped) && csv_escapes(plan, data.get(at).copied()) {
            at += 1;
        }
        loop {
            at += memchr3(plan.quote, plan.escape, b'\n', data.get(at..)?)?;
            let byte = data[at];
            if self.quoted && byte == plan.escape && plan.escape != plan.quote {
                self.escaped = at + 1 == data.len();
                at += usize::from(csv_escapes(plan, data.get(at + 1).copied()));
            } else if byte == plan.quote {
                self.quoted = !self.quoted;
            } else if byte == b'\n' && !self.quoted {
                return Some(at);
            }
            at += 1;
        }
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
                // Bytes in hex, which a scan of their text does not look into.
                suspect: self.values[from..].starts_with(b"\\x"),
            });
            self.values.push(SEPARATOR);
            if at >= row.len() {
                return;
            }
            at += 1; // the delimiter
        }
    }

    /// Mark the fields in which something could match; gives whether there are any.
    fn suspect(&mut self, engine: &Engine) -> bool {
        let mut any = self.fields.iter().any(|field| field.suspect);
        let mut from = 0;
        while let Some(place) = engine.next_candidate(&self.values, from) {
            let behind = |field: &Field| field.value.is_none_or(|(_, to)| to <= place);
            let Some(field) = self.fields.iter_mut().find(|field| !behind(field)) else {
                break;
            };
            field.suspect = true;
            any = true;
            from = field.value.map_or(place, |(_, to)| to).max(place) + 1;
        }
        any
    }

    fn mask(
        &mut self,
        plan: &CopyPlan,
        engine: &Engine,
        row: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) {
        if !self.suspect(engine) && !plan.touches_every_row {
            return out.extend_from_slice(row);
        }
        let columns = plan.cells().iter().zip(&mut counts.changed);
        for (ordinal, (field, (treatment, changed))) in self.fields.iter().zip(columns).enumerate()
        {
            if ordinal > 0 {
                out.push(plan.delimiter);
            }
            let same = &row[field.start..field.end];
            if treatment.scans_raw() && !field.suspect {
                out.extend_from_slice(same);
                continue;
            }
            let value = field.value.map(|(from, to)| &self.values[from..to]);
            self.replacement.clear();
            let found = &mut counts.found;
            match treatment.apply(engine, value, &mut self.replacement, found, changed) {
                Cell::Same => out.extend_from_slice(same),
                Cell::Null => out.extend_from_slice(&plan.null),
                Cell::Replaced if plan.format == CopyFormat::Csv => {
                    // A label's or a constant's quotes must not tell what the value needed them for.
                    let quoted = field.quoted && treatment.scans_raw();
                    write_csv(plan, &self.replacement, quoted, out);
                }
                Cell::Replaced => write_text(plan, &self.replacement, out),
            }
        }
    }
}

/// Whether the escape character of csv counts: only before a quote or itself.
fn csv_escapes(plan: &CopyPlan, next: Option<u8>) -> bool {
    next.is_some_and(|next| next == plan.quote || next == plan.escape)
}

/// Append the value of the field at `at` without its escapes; returns where the field ends.
fn text_value(plan: &CopyPlan, row: &[u8], mut at: usize, values: &mut Vec<u8>) -> usize {
    loop {
        let plain = memchr2(plan.delimiter, b'\\', &row[at..]).unwrap_or(row.len() - at);
        values.extend_from_slice(&row[at..at + plain]);
        at += plain;
        match row.get(at..at + 2) {
            Some([b'\\', escaped]) => values.push(match escaped {
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => *other,
            }),
            // The end, a delimiter, or a backslash that ends the row and stands for itself.
            _ if row.get(at) == Some(&b'\\') => {
                values.push(b'\\');
                return row.len();
            }
            _ => return at,
        }
        at += 2;
    }
}

/// The same for csv; also whether any of it was quoted.
fn csv_value(plan: &CopyPlan, row: &[u8], mut at: usize, values: &mut Vec<u8>) -> (usize, bool) {
    let mut inside = false;
    let mut quoted = false;
    loop {
        let stop = if inside { plan.escape } else { plan.delimiter };
        let plain = memchr2(stop, plan.quote, &row[at..]).unwrap_or(row.len() - at);
        values.extend_from_slice(&row[at..at + plain]);
        at += plain;
        let Some(byte) = row.get(at).copied() else {
            return (at, quoted);
        };
        if inside && byte == plan.escape && csv_escapes(plan, row.get(at + 1).copied()) {
            values.push(row[at + 1]);
            at += 1;
        } else if byte == plan.quote {
            inside = !inside;
            quoted = true;
        } else if !inside {
            return (at, quoted);
        } else {
            values.push(byte);
        }
        at += 1;
    }
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
