//! One server-to-client byte stream: pairs replies with what was asked, masks rows, passes constants.
//!
//! Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Flow". Nothing leaves that was not
//! expected; what carries text or meaning pauses the stream, and the caller decides. Memory is bounded by one message
//! and the piece of input at hand, whatever the server sends.

mod copying;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::columns::{row_description, Columns};
use crate::completion::Completion;
use crate::constants;
use crate::error::{broken, WireError};
use crate::event::{Event, Step};
use crate::expectation::{Expectation, Kind, State};
use crate::frame::{message_size, Limits, HEAD};
use crate::output::{Bytes, Output};
use crate::plan::ResultPlan;
use crate::rows::{Block, Counts};

/// A buffer that grew beyond this is given back when it is empty.
const KEPT_BYTES: usize = 128 * 1024;

struct Pause {
    code: u8,
    message: Vec<u8>,
}

pub struct ServerStream {
    limits: Limits,
    /// Input that was not used yet; `used` of it was.
    held: Vec<u8>,
    used: usize,
    queue: VecDeque<Expectation>,
    /// The server ignores everything up to the next Sync, which has not been sent yet.
    discarding: bool,
    /// The columns of the portal that was described last.
    portal: Option<Arc<Columns>>,
    counts: Counts,
    block: Block,
    pause: Option<Pause>,
    poisoned: bool,
}

impl ServerStream {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            held: Vec::new(),
            used: 0,
            queue: VecDeque::new(),
            discarding: false,
            portal: None,
            counts: Counts::default(),
            block: Block::default(),
            pause: None,
            poisoned: false,
        }
    }

    pub fn paused(&self) -> bool {
        self.pause.is_some()
    }

    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The token of the oldest expectation that is open; 0 when none is.
    pub fn front(&self) -> i64 {
        self.queue.front().map_or(0, |front| front.token)
    }

    pub fn buffered(&self) -> usize {
        self.held.len() - self.used
    }

    /// Say what was forwarded to the server.
    pub fn expect(
        &mut self,
        kind: Kind,
        plans: Vec<Arc<ResultPlan>>,
        token: i64,
    ) -> Result<(), WireError> {
        if kind == Kind::FunctionCall {
            return broken("function calls are not carried");
        }
        if kind.of_portal() && plans.len() > 1 {
            return broken("a portal has one plan, or none when it is empty");
        }
        if kind == Kind::Sync {
            self.discarding = false;
        }
        if !self.discarding {
            self.queue.push_back(Expectation::new(kind, plans, token));
        }
        Ok(())
    }

    /// Take input. What it gives for the client may be a stretch of `data` itself.
    pub fn feed(&mut self, data: &[u8]) -> Result<Step, WireError> {
        if self.poisoned {
            return Err(WireError::Poisoned);
        }
        if self.buffered() > 0 || self.paused() {
            self.held.drain(..self.used);
            self.used = 0;
            self.held.extend_from_slice(data);
            return self.go_on(|_, _| Ok(()));
        }
        let mut output = Output::new(data);
        let mut events = Vec::new();
        match self.run(0, &mut output, &mut events) {
            Ok(used) => {
                self.hold(&data[used..]);
                Ok(Step {
                    bytes: output.finish(),
                    events,
                })
            }
            Err(problem) => self.poison(problem),
        }
    }

    /// Go on after a pause: `replacement` goes to the client, and the message itself unless `drop`.
    pub fn resume(&mut self, replacement: &[u8], drop: bool) -> Result<Step, WireError> {
        if self.poisoned {
            return Err(WireError::Poisoned);
        }
        let Some(pause) = self.pause.take() else {
            return broken("the stream is not paused");
        };
        self.go_on(|stream, output| {
            if !replacement.is_empty() {
                output.own().extend_from_slice(replacement);
            }
            stream.settle(&pause, drop, output)
        })
    }

    /// Run over what is held, after `first`.
    fn go_on(
        &mut self,
        first: impl FnOnce(&mut Self, &mut Output<'_>) -> Result<(), WireError>,
    ) -> Result<Step, WireError> {
        let held = std::mem::take(&mut self.held);
        let start = self.used;
        let mut output = Output::new(&held);
        let mut events = Vec::new();
        let result =
            first(self, &mut output).and_then(|()| self.run(start, &mut output, &mut events));
        match result {
            Ok(used) => {
                // The caller has no `held` to take a stretch of.
                let bytes = match output.finish() {
                    Bytes::Stretch(stretch) => Bytes::Own(held[stretch].to_vec()),
                    own => own,
                };
                self.used = used;
                self.held = held;
                if self.used == self.held.len() {
                    self.hold(&[]);
                }
                Ok(Step { bytes, events })
            }
            Err(problem) => self.poison(problem),
        }
    }

    fn hold(&mut self, rest: &[u8]) {
        if self.held.capacity() > KEPT_BYTES && rest.len() < KEPT_BYTES {
            self.held = Vec::new();
        }
        self.held.clear();
        self.held.extend_from_slice(rest);
        self.used = 0;
    }

    fn poison<T>(&mut self, problem: WireError) -> Result<T, WireError> {
        self.poisoned = true;
        self.held = Vec::new();
        self.used = 0;
        self.queue.clear();
        Err(problem)
    }

    /// Handle whole messages from `at` on until one pauses; returns how much was used.
    fn run(
        &mut self,
        mut at: usize,
        output: &mut Output<'_>,
        events: &mut Vec<Event>,
    ) -> Result<usize, WireError> {
        let source = output.source();
        while self.pause.is_none() {
            if source.get(at) == Some(&b'D') {
                let next = self.rows(at, output)?;
                if next == at {
                    break;
                }
                at = next;
                continue;
            }
            match message_size(&source[at..], self.limits)? {
                Some(size) if at + size <= source.len() => {
                    self.message(at, size, output, events)?;
                    at += size;
                }
                _ => break,
            }
        }
        Ok(at)
    }

    fn rows(&mut self, at: usize, output: &mut Output<'_>) -> Result<usize, WireError> {
        let Some(front) = self.queue.front_mut() else {
            return broken("a row that nobody asked for");
        };
        if front.kind == Kind::Execute && matches!(front.state, State::Start) {
            if let Some(columns) = self.portal.take() {
                front.state = State::Rows(columns);
            }
        }
        let (State::Rows(columns), Some(plan)) = (&front.state, front.plans.get(front.at)) else {
            return broken("a row whose columns are not known");
        };
        let (engine, counts) = (plan.engine(), &mut self.counts);
        self.block
            .mask(engine, columns, at, self.limits, output, counts)
    }

    fn message(
        &mut self,
        at: usize,
        size: usize,
        output: &mut Output<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), WireError> {
        let code = output.source()[at];
        let message = &output.source()[at..at + size];
        let token = self.front();
        match code {
            b'N' | b'A' | b'S' => {}
            b'E' => self.failed(),
            b'd' => return self.copy_data(&message[HEAD..], output),
            _ => {
                if !self.expected(code, at, message, output, events)? {
                    return Ok(());
                }
            }
        }
        self.pause = Some(Pause {
            code,
            message: message.to_vec(),
        });
        events.push(Event::Paused {
            code,
            token,
            body: message[HEAD..].to_vec(),
        });
        Ok(())
    }

    /// Pair a reply with the expectation in front. Gives whether the message pauses.
    fn expected(
        &mut self,
        code: u8,
        at: usize,
        message: &[u8],
        output: &mut Output<'_>,
        events: &mut Vec<Event>,
    ) -> Result<bool, WireError> {
        let Some(front) = self.queue.front_mut() else {
            return broken(format!("a reply 0x{code:02x} that nobody asked for"));
        };
        let whole = at..at + message.len();
        let body = &message[HEAD..];
        let planned = front.at < front.plans.len();
        match (front.kind, &front.state, code) {
            (Kind::Parse, State::Start, b'1')
            | (Kind::Bind, State::Start, b'2')
            | (Kind::Close, State::Start, b'3') => {
                output.pass(whole);
                self.answered();
            }
            (Kind::DescribeStatement, State::Start, b't') => {
                constants::parameter_description(body)?;
                output.pass(whole);
                front.state = State::Parameters;
            }
            (Kind::DescribeStatement, State::Parameters, b'T' | b'n') => {
                if code == b'T' {
                    row_description(body)?;
                }
                output.pass(whole);
                self.answered();
            }
            (Kind::DescribePortal | Kind::DescribePortalSilent, State::Start, b'n') => {
                if front.kind == Kind::DescribePortal {
                    output.pass(whole);
                }
                self.answered();
            }
            (
                Kind::DescribePortal | Kind::DescribePortalSilent | Kind::Query,
                State::Start,
                b'T',
            ) if planned => {
                let Some(columns) = front.plan().and_then(|plan| plan.accepted(body)) else {
                    return Ok(true);
                };
                if self.described(columns) {
                    output.pass(whole);
                }
            }
            (
                Kind::Query | Kind::Execute,
                State::Start | State::Rows(_) | State::CopyIn | State::CopyDone,
                b'C',
            ) if planned => {
                constants::command_tag(body)?;
                output.pass(whole);
                self.completed(code, body, events);
            }
            (Kind::Execute, State::Start, b'I') => {
                output.pass(whole);
                self.completed(code, body, events);
            }
            // An empty query has no statement, and so no plan.
            (Kind::Query, State::Start, b'I') if front.plans.is_empty() => {
                output.pass(whole);
                self.completed(code, body, events);
                if let Some(front) = self.queue.front_mut() {
                    front.state = State::Failed;
                }
            }
            (Kind::Execute, State::Start | State::Rows(_), b's') => {
                output.pass(whole);
                self.completed(code, body, events);
            }
            (Kind::Query | Kind::Execute, State::Start, b'G' | b'H') if planned => return Ok(true),
            (Kind::Query | Kind::Execute, State::CopyOut(copy), b'c') => {
                if let Some(plan) = front.plan().and_then(|plan| plan.copy()) {
                    copy.finish(plan)?;
                }
                output.pass(whole);
                front.state = State::CopyDone;
            }
            (Kind::Sync, State::Start, b'Z')
            | (Kind::Query, State::Start | State::Failed, b'Z') => {
                let status = constants::transaction_status(body)?;
                events.push(Event::Ready {
                    token: front.token,
                    status,
                });
                output.pass(whole);
                self.answered();
            }
            _ => return broken(format!("a reply 0x{code:02x} that was not expected here")),
        }
        Ok(false)
    }

    /// The front expectation is answered in full.
    fn answered(&mut self) {
        self.queue.pop_front();
        self.portal = None;
    }

    /// A checked RowDescription for the front expectation; gives whether the client sees it.
    fn described(&mut self, columns: Arc<Columns>) -> bool {
        let Some(front) = self.queue.front_mut() else {
            return false;
        };
        if front.kind == Kind::Query {
            front.state = State::Rows(columns);
            return true;
        }
        let shown = front.kind == Kind::DescribePortal;
        self.answered();
        self.portal = Some(columns);
        shown
    }

    /// A statement ended.
    fn completed(&mut self, code: u8, body: &[u8], events: &mut Vec<Event>) {
        let counts = std::mem::take(&mut self.counts);
        let Some(front) = self.queue.front_mut() else {
            return;
        };
        let done = Completion::new(code, front, body, counts);
        events.push(Event::Completed(Box::new(done)));
        if front.kind == Kind::Query {
            front.at += 1;
            front.state = State::Start;
        } else {
            self.answered();
        }
    }

    /// The server reported an error: it discards what it got up to the next Sync.
    fn failed(&mut self) {
        self.counts = Counts::default();
        self.portal = None;
        match self.queue.front_mut() {
            None => {}
            Some(front) if front.kind == Kind::Query => front.state = State::Failed,
            Some(_) => {
                while self
                    .queue
                    .front()
                    .is_some_and(|front| front.kind != Kind::Sync)
                {
                    self.queue.pop_front();
                }
                self.discarding = self.queue.is_empty();
            }
        }
    }

    /// A RowDescription was dropped: a portal is described by it alone, a query goes on without known columns.
    fn undescribed(&mut self) {
        if self
            .queue
            .front()
            .is_some_and(|front| front.kind.of_portal())
        {
            self.answered();
        }
    }

    /// What a paused message means once the caller has decided.
    fn settle(
        &mut self,
        pause: &Pause,
        drop: bool,
        output: &mut Output<'_>,
    ) -> Result<(), WireError> {
        let body = &pause.message[HEAD..];
        let mut shown = !drop;
        match pause.code {
            b'T' if drop => self.undescribed(),
            b'T' => {
                let plan = self.queue.front().and_then(Expectation::plan);
                let Some(columns) = plan.and_then(|plan| plan.accepted(body)) else {
                    return broken("a RowDescription that was not accepted");
                };
                shown = self.described(columns);
            }
            b'G' | b'H' if !drop => self.copy_begins(pause.code, body)?,
            _ => {}
        }
        if shown {
            output.own().extend_from_slice(&pause.message);
        }
        Ok(())
    }
}
