//! What happens to the cells of one output column: the rule of the plan, given the column's type and format.

use safelight_masking::{Applied, Context, Engine, Strategy, Tally, CONSTANT};

use crate::binary::{self, Looked};
use crate::columns::Format;
use crate::types::{family, Family};

/// The rule of a mask plan for one output column, before its type is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRule {
    /// Run the content detectors.
    Detect,
    Label {
        label: String,
        strategy: Strategy,
    },
    /// Computed from a labelled column.
    Constant,
    /// A labelled column that this principal may see.
    Clear {
        label: String,
    },
}

/// How a replacement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    JsonString,
    /// With jsonb's version byte before it.
    JsonbString,
}

/// How a value is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The bytes are text; findings are replaced in place.
    Text(Context),
    /// JSON behind a version byte.
    Jsonb,
    /// The bytes are text of a type that cannot hold a replacement: NULL on a finding.
    TextOrNull,
    /// bytea in text: `\x` and hex digits, or the escape format. NULL on a finding.
    BytesText,
    /// A field of COPY in text or csv, whose type is unknown: text, or bytea written as hex.
    CopyText,
    /// A binary array, masked by element.
    BinaryArray,
    /// A value in binary: NULL on a finding.
    Binary(u32),
}

/// What happens to each cell of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    Pass,
    Clear(String),
    Scan(Reading),
    Label(String, Strategy, Form),
    Null,
    Constant(Form),
}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    Same,
    /// The new value was appended to the output.
    Replaced,
    Null,
}

impl Treatment {
    /// For a column of a result, by the type and the format that its RowDescription tells.
    pub fn of_column(rule: &ColumnRule, oid: u32, format: Format) -> Self {
        match rule {
            ColumnRule::Detect => detected(oid, format),
            ColumnRule::Clear { label } => Self::Clear(label.clone()),
            ColumnRule::Constant => match form(oid, format) {
                Some(form) => Self::Constant(form),
                None => Self::Null,
            },
            ColumnRule::Label { label, strategy } => match form(oid, format) {
                Some(form) if *strategy != Strategy::Null => {
                    Self::Label(label.clone(), *strategy, form)
                }
                _ => Self::Null,
            },
        }
    }

    /// For a field of COPY in text or csv: its type is not told, and anything can be written as text.
    pub fn of_copy_text(rule: &ColumnRule) -> Self {
        match rule {
            ColumnRule::Detect => Self::Scan(Reading::CopyText),
            _ => Self::of_column(rule, 25, Format::Text),
        }
    }

    /// For a field of COPY in binary: its type is not told, so no replacement can be valid but NULL.
    pub fn of_copy_binary(rule: &ColumnRule) -> Self {
        match rule {
            ColumnRule::Detect => Self::Scan(Reading::Binary(0)),
            ColumnRule::Clear { label } => Self::Clear(label.clone()),
            _ => Self::Null,
        }
    }

    /// Whether cells change whatever is in them, or are looked into in a way that a scan of their raw bytes does
    /// not cover.
    pub fn touches_every_cell(&self) -> bool {
        match self {
            Self::Pass => false,
            Self::Scan(reading) => !reading.is_raw(),
            _ => true,
        }
    }

    /// Whether a scan of the raw bytes of cells tells if anything in them can change.
    pub fn scans_raw(&self) -> bool {
        matches!(self, Self::Scan(reading) if reading.is_raw())
    }

    /// Under what name the cells that were changed (or shown in clear) are counted; detectors count by themselves.
    pub fn counted_as(&self, label: Option<&str>) -> Option<String> {
        match self {
            Self::Clear(label) => Some(format!("unmasked:{label}")),
            Self::Label(label, ..) => Some(label.clone()),
            Self::Null | Self::Constant(_) => Some(label.unwrap_or("constant").to_owned()),
            Self::Pass | Self::Scan(_) => None,
        }
    }

    /// Treat one cell; `None` is SQL NULL. A replacement is appended to `out`.
    pub fn apply(
        &self,
        engine: &Engine,
        value: Option<&[u8]>,
        out: &mut Vec<u8>,
        found: &mut Tally,
        changed: &mut u64,
    ) -> Cell {
        if let Self::Constant(form) = self {
            // NULL as well: whether a labelled value is there is told by nothing.
            *changed += 1;
            write_form(*form, CONSTANT.as_bytes(), out);
            return Cell::Replaced;
        }
        let Some(value) = value else {
            return Cell::Same;
        };
        match self {
            Self::Pass | Self::Constant(_) => Cell::Same,
            Self::Clear(_) => {
                *changed += 1;
                Cell::Same
            }
            Self::Null => {
                *changed += 1;
                Cell::Null
            }
            Self::Scan(reading) => reading.mask(engine, value, out, found),
            Self::Label(label, strategy, form) => {
                *changed += 1;
                labelled(engine, label, *strategy, *form, value, out)
            }
        }
    }
}

impl Reading {
    fn is_raw(self) -> bool {
        matches!(
            self,
            Self::Text(_) | Self::Jsonb | Self::TextOrNull | Self::CopyText
        )
    }

    fn mask(self, engine: &Engine, value: &[u8], out: &mut Vec<u8>, found: &mut Tally) -> Cell {
        match self {
            Self::Text(context) => masked(engine.mask_into(value, out, found, context)),
            Self::Jsonb => {
                let Some((version, json)) = value.split_first() else {
                    return Cell::Null;
                };
                let start = out.len();
                out.push(*version);
                if engine.mask_into(json, out, found, Context::Json) {
                    return Cell::Replaced;
                }
                out.truncate(start);
                Cell::Same
            }
            Self::TextOrNull => null_if(binary::text_finds(engine, value, found)),
            Self::BytesText => null_if(binary::bytes_text_finds(engine, value, found)),
            Self::CopyText => {
                if value.starts_with(b"\\x") && binary::bytes_text_finds(engine, value, found) {
                    return Cell::Null;
                }
                masked(engine.mask_into(value, out, found, Context::Text))
            }
            Self::BinaryArray => match binary::mask_array(engine, value, out, found) {
                Looked::Clean => Cell::Same,
                Looked::Replaced => Cell::Replaced,
                Looked::Unreadable => Cell::Null,
            },
            Self::Binary(oid) => null_if(binary::finds(engine, oid, value, found, 0)),
        }
    }
}

fn masked(replaced: bool) -> Cell {
    if replaced {
        Cell::Replaced
    } else {
        Cell::Same
    }
}

fn null_if(found: bool) -> Cell {
    if found {
        Cell::Null
    } else {
        Cell::Same
    }
}

fn detected(oid: u32, format: Format) -> Treatment {
    Treatment::Scan(match (family(oid), format) {
        (Family::Fixed, _) => return Treatment::Pass,
        (Family::Text, _) => Reading::Text(Context::Text),
        (Family::Json, _) | (Family::Jsonb, Format::Text) => Reading::Text(Context::Json),
        (Family::Jsonb, Format::Binary) => Reading::Jsonb,
        (Family::Bytes, Format::Text) => Reading::BytesText,
        (Family::Network | Family::NetworkArray, Format::Text) => Reading::TextOrNull,
        // Hex inside of array quotes is not looked into.
        (Family::BytesArray, Format::Text) => return Treatment::Null,
        (Family::TextArray | Family::JsonbArray, Format::Binary) => Reading::BinaryArray,
        (
            Family::TextArray | Family::JsonbArray | Family::Record | Family::User | Family::Other,
            Format::Text,
        ) => Reading::Text(Context::Text),
        (_, Format::Binary) => Reading::Binary(oid),
    })
}

/// How a replacement can be written as a valid value of the type, if at all.
fn form(oid: u32, format: Format) -> Option<Form> {
    match (family(oid), format) {
        (Family::Text, _) | (Family::User, Format::Text) => Some(Form::Text),
        (Family::Json, _) | (Family::Jsonb, Format::Text) => Some(Form::JsonString),
        (Family::Jsonb, Format::Binary) => Some(Form::JsonbString),
        _ => None,
    }
}

fn labelled(
    engine: &Engine,
    label: &str,
    strategy: Strategy,
    form: Form,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Cell {
    if form == Form::Text {
        return match engine.apply(label, strategy, value, out) {
            Applied::Value => Cell::Replaced,
            Applied::Null => Cell::Null,
        };
    }
    let json = match form {
        Form::JsonbString => value.get(1..).unwrap_or_default(),
        _ => value,
    };
    // A JSON string without escapes is the value between its quotes, so that it gets the pseudonym of a text column.
    let plain = json
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
        .filter(|inner| !inner.contains(&b'\\'))
        .unwrap_or(json);
    let mut replacement = Vec::new();
    match engine.apply(label, strategy, plain, &mut replacement) {
        Applied::Value => {
            write_form(form, &replacement, out);
            Cell::Replaced
        }
        Applied::Null => Cell::Null,
    }
}

fn write_form(form: Form, text: &[u8], out: &mut Vec<u8>) {
    match form {
        Form::Text => return out.extend_from_slice(text),
        Form::JsonString => {}
        Form::JsonbString => out.push(1),
    }
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}
