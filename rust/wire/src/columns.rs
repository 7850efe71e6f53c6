//! The columns of a result, from a RowDescription body that has been checked, and what happens to each.

use crate::error::{broken, WireError};
use crate::treatment::{ColumnRule, Treatment};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Binary,
}

/// A RowDescription body and the treatment of each of its columns.
#[derive(Debug)]
pub struct Columns {
    pub body: Box<[u8]>,
    pub cells: Vec<Treatment>,
    /// Which cells are judged by a scan of their raw bytes.
    pub scans_raw: Vec<bool>,
    /// The label of each column's rule, for counting.
    pub labels: Vec<Option<String>>,
    /// No row can pass unchanged by a scan alone.
    pub touches_every_row: bool,
}

impl Columns {
    /// Source: PostgreSQL documentation, "Message Formats", RowDescription.
    pub fn checked(body: &[u8], rules: &[ColumnRule]) -> Result<Self, WireError> {
        let fields = row_description(body)?;
        if fields.len() != rules.len() {
            return broken(format!(
                "a RowDescription of {} columns for {} rules",
                fields.len(),
                rules.len()
            ));
        }
        let cells: Vec<Treatment> = fields
            .iter()
            .zip(rules)
            .map(|((oid, format), rule)| Treatment::of_column(rule, *oid, *format))
            .collect();
        Ok(Self {
            body: body.into(),
            labels: rules.iter().map(label).collect(),
            scans_raw: cells.iter().map(Treatment::scans_raw).collect(),
            touches_every_row: cells.iter().any(Treatment::touches_every_cell),
            cells,
        })
    }
}

pub fn label(rule: &ColumnRule) -> Option<String> {
    match rule {
        ColumnRule::Label { label, .. } => Some(label.clone()),
        _ => None,
    }
}

/// Type and format of each field.
pub fn row_description(body: &[u8]) -> Result<Vec<(u32, Format)>, WireError> {
    let Some((count, mut rest)) = body.split_first_chunk::<2>() else {
        return broken("a RowDescription without a count");
    };
    let mut fields = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let Some(name_end) = rest.iter().position(|byte| *byte == 0) else {
            return broken("a RowDescription with an unterminated name");
        };
        // table (4), attribute (2), type (4), size (2), modifier (4), format (2)
        let Some((field, after)) = rest[name_end + 1..].split_first_chunk::<18>() else {
            return broken("a RowDescription that ends inside a field");
        };
        let oid = u32::from_be_bytes([field[6], field[7], field[8], field[9]]);
        let format = match [field[16], field[17]] {
            [0, 0] => Format::Text,
            [0, 1] => Format::Binary,
            _ => return broken("a RowDescription with an unknown format"),
        };
        fields.push((oid, format));
        rest = after;
    }
    if rest.is_empty() {
        Ok(fields)
    } else {
        broken("a RowDescription with bytes left over")
    }
}
