//! How a statement ended, as the open fields of its record.
use crate::json;

/// `masked` are the cells masked, by type, in any order.
#[derive(Debug, Default)]
pub struct Outcome<'a> {
    pub intent: i64,
    pub result: &'a str,
    pub rows: i64,
    pub bytes: i64,
    pub micros: i64,
    pub sqlstate: &'a str,
    pub masked: Vec<(String, i64)>,
}

impl Outcome<'_> {
    /// Append the inside of a canonical JSON object.
    pub fn fields(&mut self, out: &mut Vec<u8>) {
        number(b"\"bytes\":", self.bytes, out);
        number(b",\"intent\":", self.intent, out);
        self.cells(out);
        number(b",\"micros\":", self.micros, out);
        out.extend_from_slice(b",\"result\":");
        json::quote(self.result, out);
        number(b",\"rows\":", self.rows, out);
        if !self.sqlstate.is_empty() {
            out.extend_from_slice(b",\"sqlstate\":");
            json::quote(self.sqlstate, out);
        }
    }

    fn cells(&mut self, out: &mut Vec<u8>) {
        if self.masked.is_empty() {
            return;
        }
        self.masked.sort_unstable();
        out.extend_from_slice(b",\"masked\":");
        for (at, (name, count)) in self.masked.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"[\"" } else { b",\"" });
            json::escape(name, out);
            number(b"=", *count, out);
            out.push(b'"');
        }
        out.push(b']');
    }
}

fn number(name: &[u8], value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    json::integer(value, out);
}
