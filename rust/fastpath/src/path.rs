//! One session's fast path.
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use safelight_evidence::{self as evidence, Outcome, RecordQueue, Statement};
use safelight_wire::{Bytes, Completion, Event, Kind, ResultPlan, ServerStream, Step, WireError};

use crate::asked::{asked, Asked, Batch, MAX_BYTES};
use crate::cache::{Entry, KnownRead, ShapeCache};
use crate::flight::{part, with_describe, BatchFlight, Flight, LeftPortal, Leftover};

const INTENT: &str = "statement.intent";
/// So many prepared statements are known here; others take the slow path.
const MAX_NAMES: usize = 1024;
const IDLE: u8 = b'I';
const IN_BLOCK: u8 = b'T';

/// `now_micros` on a monotonic clock, `wall_ms` on the wall's.
#[derive(Clone, Copy)]
pub struct Moment {
    pub now_micros: i64,
    pub wall_ms: i64,
}

/// What leaves for the target when the intent is written.
#[derive(Debug, PartialEq, Eq)]
pub enum Forward {
    /// The piece as it came.
    Same,
    Changed(Vec<u8>),
}

/// What came of a piece of the target's bytes.
pub enum Reply {
    /// It all belonged to what is in flight here, and these may go to the client.
    Passed(Bytes),
    /// The events are for the slow path. What is in flight must be surrendered to it first.
    Told(Step),
}

/// The target broke the protocol, or a record could not be made.
#[derive(Debug)]
pub enum Problem {
    Wire(WireError),
    Evidence(evidence::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(problem) => problem.fmt(formatter),
            Self::Evidence(problem) => problem.fmt(formatter),
        }
    }
}

impl std::error::Error for Problem {}

pub struct FastPath<V> {
    session_id: String,
    /// Set by the slow path: nothing is open or waited for, so that the next message may be taken here.
    ready: bool,
    /// No transaction is open.
    idle: bool,
    names: HashMap<Vec<u8>, Vec<u8>>,
    flight: Option<Flight<V>>,
    left: Leftover<V>,
    last_token: i64,
    last_micros: i64,
    statements: u64,
}

impl<V> FastPath<V> {
    pub fn new(session_id: String) -> Self {
        Self {
            session_id,
            ready: false,
            idle: true,
            names: HashMap::new(),
            flight: None,
            left: Leftover::default(),
            last_token: 0,
            last_micros: 0,
            statements: 0,
        }
    }

    /// The slow path has come to rest, in a transaction block or not (in a failed one it must not be called).
    pub fn rest(&mut self, idle: bool) {
        self.ready = true;
        self.idle = idle;
    }

    /// Something is in flight here.
    pub fn busy(&self) -> bool {
        self.flight.is_some()
    }

    /// How many statements were taken.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    /// When the last one was taken, or any answer came.
    pub fn last_micros(&self) -> i64 {
        self.last_micros
    }

    /// Tokens are shared with the slow path.
    pub fn next_token(&mut self) -> i64 {
        self.last_token += 1;
        self.last_token
    }

    pub fn last_token(&self) -> i64 {
        self.last_token
    }

    /// What a statement's name means now; `None`: nothing, or nothing that is of use here.
    pub fn name(&mut self, name: &[u8], text: Option<&[u8]>) {
        match text {
            Some(text)
                if text.len() <= MAX_BYTES && (self.names.len() < MAX_NAMES || name.is_empty()) =>
            {
                self.names.insert(name.to_vec(), text.to_vec());
            }
            _ => {
                self.names.remove(name);
            }
        }
    }

    /// Give what is in flight, and what settled batches have left, to the slow path. It takes everything from now on,
    /// until it rests again.
    pub fn surrender(&mut self) -> (Leftover<V>, Option<Flight<V>>) {
        self.ready = false;
        (std::mem::take(&mut self.left), self.flight.take())
    }

    /// Take a client's bytes if they are one known read, and nothing is in flight: its intent is queued and its reply
    /// expected. `None`, with nothing done, when the slow path has to take them.
    pub fn take(
        &mut self,
        data: &[u8],
        at: Moment,
        cache: &ShapeCache<V>,
        queue: &mut RecordQueue,
        stream: &mut ServerStream,
    ) -> Result<Option<Forward>, Problem> {
        if !self.ready || self.flight.is_some() {
            return Ok(None);
        }
        match asked(data) {
            Some(Asked::Query(text)) => self.query(text, at, cache, queue, stream),
            Some(Asked::Batch(batch)) => self.batch(data, &batch, at, cache, queue, stream),
            None => Ok(None),
        }
    }

    fn query(
        &mut self,
        text: &[u8],
        at: Moment,
        cache: &ShapeCache<V>,
        queue: &mut RecordQueue,
        stream: &mut ServerStream,
    ) -> Result<Option<Forward>, Problem> {
        let Some((entry, plan)) = self.known(cache, text, false) else {
            return Ok(None);
        };
        let Some(intent) = self.intend(&entry, at, text, &[], queue)? else {
            return Ok(None);
        };
        let token = self.next_token();
        stream
            .expect(Kind::Query, vec![plan], token)
            .map_err(Problem::Wire)?;
        self.depart(entry, intent, at, None, token, token);
        Ok(Some(Forward::Same))
    }

    fn batch(
        &mut self,
        data: &[u8],
        batch: &Batch<'_>,
        at: Moment,
        cache: &ShapeCache<V>,
        queue: &mut RecordQueue,
        stream: &mut ServerStream,
    ) -> Result<Option<Forward>, Problem> {
        let Some(text) = batch
            .parse
            .or_else(|| self.names.get(batch.statement).map(Vec::as_slice))
        else {
            return Ok(None);
        };
        let text = text.to_vec();
        let Some((entry, plan)) = self.known(cache, &text, true) else {
            return Ok(None);
        };
        let Some(intent) = self.intend(&entry, at, &text, &batch.values, queue)? else {
            return Ok(None);
        };
        let parse = batch.parse.is_some().then(|| self.next_token());
        let bind = self.next_token();
        let describe = batch.described.then(|| self.next_token());
        let execute = self.next_token();
        let end = self.next_token();
        let mut expect =
            |kind, plans, token| stream.expect(kind, plans, token).map_err(Problem::Wire);
        if let Some(parse) = parse {
            expect(Kind::Parse, Vec::new(), parse)?;
        }
        expect(Kind::Bind, Vec::new(), bind)?;
        match describe {
            Some(describe) => expect(Kind::DescribePortal, vec![plan.clone()], describe)?,
            // What the gateway asks itself goes by the token of the Execute that it asks for.
            None => expect(Kind::DescribePortalSilent, vec![plan.clone()], execute)?,
        }
        expect(Kind::Execute, vec![plan], execute)?;
        expect(Kind::Sync, Vec::new(), end)?;
        if parse.is_some() {
            self.names.insert(Vec::new(), text.clone());
        }
        let flight = BatchFlight {
            parse,
            bind,
            describe,
            text,
            bound: part(data, &batch.bind),
        };
        self.depart(entry, intent, at, Some(flight), execute, end);
        Ok(Some(if batch.described {
            Forward::Same
        } else {
            Forward::Changed(with_describe(data, batch.execute))
        }))
    }

    /// The entry of a text that is a known read, where it may run on the fast path.
    fn known(
        &self,
        cache: &ShapeCache<V>,
        text: &[u8],
        extended: bool,
    ) -> Option<(Arc<Entry<V>>, Arc<ResultPlan>)> {
        let entry = cache.get(text, extended)?;
        let read = entry.read.as_ref()?;
        (self.idle || !read.reads_labels).then(|| (entry.clone(), read.result.clone()))
    }

    fn intend(
        &self,
        entry: &Entry<V>,
        at: Moment,
        text: &[u8],
        values: &[Option<&[u8]>],
        queue: &mut RecordQueue,
    ) -> Result<Option<u64>, Problem> {
        let Some(KnownRead { record, .. }) = &entry.read else {
            return Ok(None);
        };
        let statement = Statement {
            session_id: &self.session_id,
            kind: INTENT,
            at_ms: at.wall_ms,
            fields: record,
        };
        queue
            .statement(statement, text, values)
            .map_err(Problem::Evidence)
    }

    fn depart(
        &mut self,
        entry: Arc<Entry<V>>,
        intent: u64,
        at: Moment,
        batch: Option<BatchFlight>,
        execute: i64,
        end: i64,
    ) {
        self.statements += 1;
        self.last_micros = at.now_micros;
        self.flight = Some(Flight {
            entry,
            intent,
            started_micros: at.now_micros,
            completed: false,
            batch,
            execute,
            end,
        });
    }

    /// Take the target's bytes.
    pub fn reply(
        &mut self,
        data: &[u8],
        at: Moment,
        queue: &mut RecordQueue,
        stream: &mut ServerStream,
    ) -> Result<Reply, Problem> {
        self.last_micros = at.now_micros;
        let step = stream.feed(data).map_err(Problem::Wire)?;
        if self.flight.is_none() {
            return Ok(Reply::Told(step));
        }
        let mut events = step.events.into_iter();
        while let Some(event) = events.next() {
            if !self.told(&event, at, queue)? {
                return Ok(Reply::Told(Step {
                    bytes: step.bytes,
                    events: std::iter::once(event).chain(events).collect(),
                }));
            }
        }
        Ok(Reply::Passed(step.bytes))
    }

    /// Take note of an event of what is in flight; whether that is all there is to do about it.
    fn told(
        &mut self,
        event: &Event,
        at: Moment,
        queue: &mut RecordQueue,
    ) -> Result<bool, Problem> {
        let status = if self.idle { IDLE } else { IN_BLOCK };
        let Some(flight) = &mut self.flight else {
            return Ok(false);
        };
        match event {
            Event::Completed(done)
                if done.code == b'C' && done.token == flight.execute && !flight.completed =>
            {
                let spent = at.now_micros.saturating_sub(flight.started_micros).max(0);
                let recorded = record(&self.session_id, flight.intent, done, spent, at, queue)?;
                flight.completed = recorded;
                Ok(recorded)
            }
            Event::Ready {
                token,
                status: told,
            } if *token == flight.end && flight.completed && *told == status => {
                self.landed();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn landed(&mut self) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        let Some(batch) = flight.batch else {
            return;
        };
        self.left.portal = (!self.idle).then(|| LeftPortal {
            entry: flight.entry.clone(),
            text: batch.text.clone(),
            bound: batch.bound,
        });
        if batch.parse.is_some() {
            self.left.statement = Some((flight.entry, batch.text));
        }
    }
}

/// Queue an outcome; `false` when the queue cannot take it as it is.
fn record(
    session_id: &str,
    intent: u64,
    done: &Completion,
    spent_micros: i64,
    at: Moment,
    queue: &mut RecordQueue,
) -> Result<bool, Problem> {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let found = done
        .found
        .iter()
        .map(|(name, count)| (name.to_owned(), signed(count)));
    let labels = done
        .labels
        .iter()
        .map(|(name, count)| (name.clone(), signed(*count)));
    let mut outcome = Outcome {
        intent: signed(intent),
        result: "ok",
        rows: signed(done.rows),
        bytes: signed(done.bytes),
        micros: spent_micros,
        sqlstate: "",
        masked: found.chain(labels).collect(),
    };
    let queued = queue.outcome(session_id, at.wall_ms, &mut outcome);
    queued
        .map(|index| index.is_some())
        .map_err(Problem::Evidence)
}
