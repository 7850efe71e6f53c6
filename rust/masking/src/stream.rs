//! Text that comes in pieces (a log, a terminal, a body), masked so that the output does not depend on the pieces.
//!
//! A unit is a line, or the lines of a private key, or, of a line without end, as much as is held at the most. What a
//! unit's end is depends on the bytes alone, never on how they came. Only [`TextStream::flush`] lets a unit leave in
//! parts: a terminal's driver calls it when the oldest held byte is 50 ms old. What is found later in a unit that has
//! left in part is masked from there on; what has left cannot be taken back.

use std::sync::Arc;

use crate::detect::Span;
use crate::engine::Engine;
use crate::escapes;
use crate::tally::Tally;

/// Most bytes that are held back.
pub const MOST_HELD_BYTES: usize = 64 * 1024;
/// How much of the end of a unit that is cut for its length stays for the next: longer than any token.
const OVERLAP: usize = 4 * 1024;

/// What a stream's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    Text,
    /// With control sequences (ECMA-48) that are no part of what is read.
    Terminal,
}

/// One stream. Memory is bounded by [`MOST_HELD_BYTES`] and what is appended to the output.
pub struct TextStream {
    engine: Arc<Engine>,
    medium: Medium,
    buffer: Vec<u8>,
    /// How much of the buffer has left and is not yet forgotten.
    gone: usize,
    /// How much of the held unit has left already.
    shown: usize,
    /// Where the line begins that is read, and how far it was searched for its end.
    line: usize,
    searched: usize,
    /// A private key began and has not ended.
    in_key: bool,
}

impl TextStream {
    pub fn new(engine: Arc<Engine>, medium: Medium) -> TextStream {
        TextStream {
            engine,
            medium,
            buffer: Vec::new(),
            gone: 0,
            shown: 0,
            line: 0,
            searched: 0,
            in_key: false,
        }
    }

    /// Take bytes; append what is certain, masked, to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>, found: &mut Tally) {
        while !bytes.is_empty() {
            let room = MOST_HELD_BYTES - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            while let Some(end) = self.unit_end() {
                self.leave(end, out, found);
            }
            self.forget();
        }
    }

    /// What is held.
    fn held(&self) -> &[u8] {
        &self.buffer[self.gone..]
    }

    fn forget(&mut self) {
        self.buffer.drain(..self.gone);
        self.gone = 0;
    }

    /// Let everything that is held leave, masked as far as can be told now.
    pub fn flush(&mut self, out: &mut Vec<u8>, found: &mut Tally) {
        let spans = self.spans(self.held().len());
        self.write(self.held().len(), &spans, out, found);
        self.shown = self.held().len();
    }

    /// The stream is over: the rest leaves.
    pub fn finish(&mut self, out: &mut Vec<u8>, found: &mut Tally) {
        self.leave(self.held().len(), out, found);
        self.forget();
    }

    /// How many bytes are held back.
    pub fn held_bytes(&self) -> usize {
        self.held().len() - self.shown
    }

    /// Where the unit at the start of what is held ends, if that is certain.
    fn unit_end(&mut self) -> Option<usize> {
        while let Some(found) = memchr::memchr(b'\n', &self.held()[self.searched..]) {
            let end = self.searched + found + 1;
            let line = &self.held()[self.line..end];
            let has = |mark: &str| memchr::memmem::find(line, mark.as_bytes()).is_some();
            // Both on one line: what ends there has begun there.
            self.in_key =
                (self.in_key || has("PRIVATE KEY") && has("-----BEGIN ")) && !has("-----END ");
            (self.line, self.searched) = (end, end);
            if !self.in_key {
                return Some(end);
            }
        }
        self.searched = self.held().len();
        (self.held().len() == MOST_HELD_BYTES).then(|| self.forced_end())
    }

    /// A place in a full buffer that no match crosses, behind white space if there is any.
    fn forced_end(&self) -> usize {
        let limit = MOST_HELD_BYTES - OVERLAP;
        let spans = self.spans(MOST_HELD_BYTES);
        let inside = |place: usize| {
            spans
                .iter()
                .find(|span| span.start < place && place < span.end)
        };
        let spaces = (1..=limit)
            .rev()
            .take(OVERLAP)
            .find(|place| self.held()[place - 1].is_ascii_whitespace() && inside(*place).is_none());
        spaces.unwrap_or_else(|| match inside(limit) {
            Some(span) if span.start > 0 => span.start,
            Some(span) => span.end,
            None => limit,
        })
    }

    /// Let the first `end` bytes leave and forget them.
    fn leave(&mut self, end: usize, out: &mut Vec<u8>, found: &mut Tally) {
        let spans = self.spans(end);
        self.write(end, &spans, out, found);
        self.gone += end;
        self.shown = self.shown.saturating_sub(end);
        (self.line, self.searched) = (0, 0);
        self.in_key = false;
    }

    /// What is found in the first `end` bytes.
    fn spans(&self, end: usize) -> Vec<Span> {
        let unit = &self.held()[..end];
        match self.medium {
            Medium::Text => self.engine.find(unit),
            Medium::Terminal => escapes::find(&self.engine, unit),
        }
    }

    /// Write the first `end` bytes but those that have left.
    fn write(&self, end: usize, spans: &[Span], out: &mut Vec<u8>, found: &mut Tally) {
        let mut kept = self.shown.min(end);
        for span in spans.iter().filter(|span| span.end > self.shown) {
            out.extend_from_slice(&self.held()[kept..span.start.max(kept)]);
            self.engine
                .replace_one(span.detector, &self.held()[span.start..span.end], out);
            found.add(span.detector);
            if self.medium == Medium::Terminal {
                escapes::colours(&self.held()[span.start.max(kept)..span.end], out);
            }
            kept = span.end;
        }
        out.extend_from_slice(&self.held()[kept..end]);
    }
}
