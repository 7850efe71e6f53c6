//! COPY in binary: signature, flags, header extension; tuples; a trailer. Source: PostgreSQL documentation, COPY,
//! "Binary Format". Types are not told, so a field with a finding becomes NULL.

use safelight_masking::Engine;

use crate::copy::CopyPlan;
use crate::error::{broken, WireError};
use crate::rows::Counts;
use crate::treatment::Cell;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const TRAILER: u16 = 0xffff;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Header,
    Tuples,
    Done,
}

impl Phase {
    /// Take what is complete; returns how much was used.
    pub fn rows(
        &mut self,
        plan: &CopyPlan,
        engine: &Engine,
        data: &[u8],
        out: &mut Vec<u8>,
        counts: &mut Counts,
    ) -> Result<usize, WireError> {
        let mut at = 0;
        loop {
            let rest = &data[at..];
            let used = match self {
                Self::Header => header(rest, out)?,
                Self::Tuples => tuple(plan, engine, rest, out, counts)?,
                Self::Done if rest.is_empty() => None,
                Self::Done => return broken("COPY data after its trailer"),
            };
            let Some(used) = used else {
                return Ok(at);
            };
            *self = match self {
                Self::Tuples if rest[..2] == TRAILER.to_be_bytes() => Self::Done,
                Self::Header | Self::Tuples => Self::Tuples,
                Self::Done => Self::Done,
            };
            at += used;
        }
    }
}

fn header(data: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>, WireError> {
    let known = data.len().min(SIGNATURE.len());
    if data[..known] != SIGNATURE[..known] {
        return broken("a binary COPY without its signature");
    }
    let Some(flags) = data.get(SIGNATURE.len()..SIGNATURE.len() + 8) else {
        return Ok(None);
    };
    if flags != [0; 8] {
        return broken("a binary COPY with flags or an extension that are not known");
    }
    let end = SIGNATURE.len() + 8;
    out.extend_from_slice(&data[..end]);
    Ok(Some(end))
}

fn tuple(
    plan: &CopyPlan,
    engine: &Engine,
    data: &[u8],
    out: &mut Vec<u8>,
    counts: &mut Counts,
) -> Result<Option<usize>, WireError> {
    let Some(count) = data.first_chunk::<2>() else {
        return Ok(None);
    };
    let count = u16::from_be_bytes(*count);
    if count == TRAILER {
        out.extend_from_slice(&data[..2]);
        return Ok(Some(2));
    }
    if usize::from(count) != plan.cells().len() {
        return broken("a COPY row with another number of columns than was planned");
    }
    let Some(fields) = fields(data, plan.cells().len())? else {
        return Ok(None);
    };
    out.extend_from_slice(&data[..2]);
    let mut at = 2;
    for ((treatment, changed), length) in plan.cells().iter().zip(&mut counts.changed).zip(fields) {
        let end = at + 4 + length.unwrap_or(0);
        let value = length.map(|_| &data[at + 4..end]);
        // Nothing but NULL can replace a value whose type is not known, so the replacement itself is not wanted.
        let cell = treatment.apply(engine, value, &mut Vec::new(), &mut counts.found, changed);
        if cell == Cell::Same {
            out.extend_from_slice(&data[at..end]);
        } else {
            out.extend_from_slice(&(-1i32).to_be_bytes());
        }
        at = end;
    }
    counts.rows += 1;
    Ok(Some(at))
}

/// The length of each field (`None`: NULL), or `None` when the tuple is not complete.
#[allow(clippy::type_complexity)]
fn fields(data: &[u8], count: usize) -> Result<Option<Vec<Option<usize>>>, WireError> {
    let mut at = 2;
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let Some(length) = data.get(at..at + 4) else {
            return Ok(None);
        };
        let length = i32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        at += 4;
        if length == -1 {
            lengths.push(None);
            continue;
        }
        let Ok(length) = usize::try_from(length) else {
            return broken("a COPY field with a lying length");
        };
        lengths.push(Some(length));
        at += length;
        if at > data.len() {
            return Ok(None);
        }
    }
    Ok(Some(lengths))
}
