//! Records in the order of their indexes, as lines, until they are written.
use std::collections::HashMap;

use crate::error::Error;
use crate::json;
use crate::outcome::Outcome;
use crate::plaintext;
use crate::salts::Salts;
use crate::session::{base64_into, one_line, Session};

const OUTCOME: &str = "statement.outcome";
/// A larger buffer is given back after it was taken.
const KEPT_BYTES: usize = 256 * 1024;

/// The open part of a statement's record. `fields` is the inside of a canonical JSON object.
#[derive(Clone, Copy)]
pub struct Statement<'a> {
    pub session_id: &'a str,
    pub kind: &'a str,
    pub at_ms: i64,
    pub fields: &'a [u8],
}

pub struct RecordQueue {
    next_index: u64,
    full_bytes: usize,
    sessions: HashMap<String, Session>,
    salts: Salts,
    lines: Vec<u8>,
    field: Vec<u8>,
}

impl RecordQueue {
    /// `next_index` is the index of the first record; `full_bytes` see [`RecordQueue::statement`].
    pub fn new(next_index: u64, full_bytes: usize) -> Self {
        RecordQueue {
            next_index,
            full_bytes,
            sessions: HashMap::new(),
            salts: Salts::default(),
            lines: Vec::new(),
            field: Vec::new(),
        }
    }

    pub fn next_index(&self) -> u64 {
        self.next_index
    }

    /// Know a session, or give it another key.
    pub fn open_session(&mut self, session_id: String, session: Session) {
        self.sessions.insert(session_id, session);
    }

    /// See [`Session::introduce`].
    pub fn introduce(&mut self, session_id: &str, actor: &[u8], about: &[u8]) -> Result<(), Error> {
        self.sessions
            .get_mut(session_id)
            .ok_or(Error::NoSession)?
            .introduce(actor, about)
    }

    pub fn forget(&mut self, session_id: &str) {
        self.sessions.remove(session_id);
    }

    /// Random bytes for the salts of the records that follow.
    pub fn add_salts(&mut self, random: &[u8]) -> Result<(), Error> {
        self.salts.renew(random)
    }

    pub fn has_salts(&self) -> bool {
        !self.salts.is_empty()
    }

    /// A salt for a record that is made elsewhere.
    pub fn salt(&mut self) -> Result<&str, Error> {
        self.salts.next().ok_or(Error::NoSalt)
    }

    /// Encrypt a field of the record that is pushed next; the result is base64.
    pub fn seal(&mut self, session_id: &str, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let session = self.sessions.get(session_id).ok_or(Error::NoSession)?;
        self.field.clear();
        self.field.extend_from_slice(plaintext);
        session.seal(self.next_index, &mut self.field)?;
        let mut text = Vec::new();
        base64_into(&self.field, &mut text);
        Ok(text)
    }

    /// Queue a record that was made elsewhere, without its line break.
    pub fn push(&mut self, line: &[u8]) -> Result<u64, Error> {
        one_line(line)?;
        self.lines.extend_from_slice(line);
        self.lines.push(b'\n');
        Ok(self.counted())
    }

    /// Queue a statement's record and give its index; text and values are sealed. `None`, with nothing done, when the
    /// caller must act first: the session is not known, no salt is left, more than `full_bytes` are queued, or the
    /// statement is too long to be kept whole.
    pub fn statement<V: AsRef<[u8]>>(
        &mut self,
        statement: Statement<'_>,
        text: &[u8],
        values: &[Option<V>],
    ) -> Result<Option<u64>, Error> {
        if self.lines.len() > self.full_bytes || self.salts.is_empty() {
            return Ok(None);
        }
        let Some(session) = self.sessions.get(statement.session_id) else {
            return Ok(None);
        };
        let secret = !text.is_empty() || !values.is_empty();
        let field = &mut self.field;
        if secret {
            if !plaintext::of_statement(text, values, field) {
                return Ok(None);
            }
            session.seal(self.next_index, field)?;
        }
        let sealed = secret.then_some(field.as_slice());
        write(
            &mut self.lines,
            session,
            statement,
            self.next_index,
            &mut self.salts,
            sealed,
        )?;
        Ok(Some(self.counted()))
    }

    /// Queue a statement's record whose sensitive part (empty: none) is ready to be sealed.
    pub fn sealed(&mut self, statement: Statement<'_>, plaintext: &[u8]) -> Result<u64, Error> {
        let session = self
            .sessions
            .get(statement.session_id)
            .ok_or(Error::NoSession)?;
        let field = &mut self.field;
        field.clear();
        if !plaintext.is_empty() {
            field.extend_from_slice(plaintext);
            session.seal(self.next_index, field)?;
        }
        let sealed = (!plaintext.is_empty()).then_some(field.as_slice());
        write(
            &mut self.lines,
            session,
            statement,
            self.next_index,
            &mut self.salts,
            sealed,
        )?;
        Ok(self.counted())
    }

    /// Queue the record of how a statement ended. `None` when the session is not known or no salt is left. It is
    /// never held up by a full queue: its intent has passed that gate, and it is short.
    pub fn outcome(
        &mut self,
        session_id: &str,
        at_ms: i64,
        outcome: &mut Outcome<'_>,
    ) -> Result<Option<u64>, Error> {
        if self.salts.is_empty() {
            return Ok(None);
        }
        let Some(session) = self.sessions.get(session_id) else {
            return Ok(None);
        };
        self.field.clear();
        outcome.fields(&mut self.field);
        let statement = Statement {
            session_id,
            kind: OUTCOME,
            at_ms,
            fields: &self.field,
        };
        write(
            &mut self.lines,
            session,
            statement,
            self.next_index,
            &mut self.salts,
            None,
        )?;
        Ok(Some(self.counted()))
    }

    /// All that is queued: whole lines.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Empty the queue: its lines are in other hands.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.lines.shrink_to(KEPT_BYTES);
        if self.field.capacity() > KEPT_BYTES {
            self.field = Vec::new();
        }
    }

    fn counted(&mut self) -> u64 {
        self.next_index += 1;
        self.next_index - 1
    }
}

/// Append a line; with an error nothing is appended.
fn write(
    lines: &mut Vec<u8>,
    session: &Session,
    statement: Statement<'_>,
    index: u64,
    salts: &mut Salts,
    sealed: Option<&[u8]>,
) -> Result<(), Error> {
    one_line(statement.fields)?;
    if !statement
        .kind
        .bytes()
        .all(|b| b.is_ascii_lowercase() || matches!(b, b'.' | b'_'))
    {
        return Err(Error::Kind);
    }
    let salt = salts.next().ok_or(Error::NoSalt)?;
    lines.extend_from_slice(&session.head);
    json::integer(statement.at_ms, lines);
    lines.extend_from_slice(b",\"fields\":{");
    lines.extend_from_slice(statement.fields);
    lines.extend_from_slice(b"},\"index\":");
    json::unsigned(index, lines);
    if sealed.is_some() {
        lines.extend_from_slice(&session.key);
    }
    lines.extend_from_slice(b",\"kind\":\"");
    lines.extend_from_slice(statement.kind.as_bytes());
    lines.extend_from_slice(b"\",\"salt\":\"");
    lines.extend_from_slice(salt.as_bytes());
    if let Some(sealed) = sealed {
        lines.extend_from_slice(b"\",\"sealed\":\"");
        base64_into(sealed, lines);
    }
    lines.extend_from_slice(&session.tail);
    Ok(())
}
