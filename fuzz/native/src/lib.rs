//! What the programs share: choices taken from an input's first bytes, and a server's stream read whole and in pieces.

use std::sync::Arc;

use safelight_masking::{Engine, Strategy};
use safelight_wire::{Bytes, ColumnRule, Event, Kind, Limits, ResultPlan, ServerStream};

pub const LIMITS: Limits = Limits {
    max_message_bytes: 4096,
    max_row_bytes: 4096,
};
/// A labelled value. It must not be in any output, whole.
pub const PLANTED: &[u8] = b"planted.secret@example.com";

/// The beginning of an input, a byte for each choice; the rest is what the peer says.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    pub fn one_of<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())].clone()
    }

    pub fn below(&mut self, sides: usize) -> usize {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                usize::from(*byte) % sides
            }
            None => 0,
        }
    }
}

pub fn engine() -> Arc<Engine> {
    Arc::new(Engine::new([7; 32], [9; 32]))
}

pub fn label(strategy: Strategy) -> ColumnRule {
    ColumnRule::Label {
        label: "email".to_owned(),
        strategy,
    }
}

pub fn rule(choices: &mut Choices) -> ColumnRule {
    choices.one_of(&[
        ColumnRule::Detect,
        label(Strategy::Pseudonym),
        label(Strategy::Redact),
        label(Strategy::Partial),
        label(Strategy::Null),
        ColumnRule::Constant,
    ])
}

/// A RowDescription body of columns without origin.
pub fn described(columns: &[(u32, u16)]) -> Vec<u8> {
    let mut body = (columns.len() as u16).to_be_bytes().to_vec();
    for (oid, format) in columns {
        body.extend_from_slice(b"c\0\0\0\0\0\0\0");
        body.extend_from_slice(&oid.to_be_bytes());
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&format.to_be_bytes());
    }
    body
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut whole = vec![kind];
    whole.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    whole.extend_from_slice(body);
    whole
}

pub fn stream(kinds: &[Kind], plan: &Arc<ResultPlan>) -> ServerStream {
    let mut stream = ServerStream::new(LIMITS);
    for (token, kind) in kinds.iter().enumerate() {
        let plans = match kind {
            Kind::Query => vec![plan.clone(), plan.clone()],
            kind if kind.of_portal() => vec![plan.clone()],
            _ => Vec::new(),
        };
        stream
            .expect(*kind, plans, token as i64 + 1)
            .expect("an expectation that can be");
    }
    stream
}

/// Output, event codes, and whether the stream still goes on after all of it.
pub type Told = (Vec<u8>, Vec<u8>, bool);

/// What a stream makes of an input that comes in pieces. What pauses is sent on where the gateway would send it.
pub fn run(mut stream: ServerStream, input: &[u8], cut: usize) -> Told {
    let (mut output, mut codes) = (Vec::new(), Vec::new());
    for part in input.chunks(cut.max(1)) {
        let Ok(mut step) = stream.feed(part) else {
            return (output, codes, false);
        };
        loop {
            match &step.bytes {
                Bytes::Stretch(stretch) => output.extend_from_slice(&part[stretch.clone()]),
                Bytes::Own(own) => output.extend_from_slice(own),
            }
            let mut drop = true;
            for event in &step.events {
                codes.push(match event {
                    Event::Completed(done) => done.code,
                    Event::Ready { .. } => b'Z',
                    Event::Paused { code, .. } => {
                        drop = !matches!(code, b'T' | b'G' | b'H');
                        *code
                    }
                });
            }
            if !stream.paused() {
                break;
            }
            step = match stream.resume(b"", drop) {
                Ok(step) => step,
                Err(_) => return (output, codes, false),
            };
        }
        assert!(stream.buffered() <= input.len(), "more is held than came");
    }
    (output, codes, true)
}

/// However it is cut, a stream that goes on says the same; one that fails says no more than it would have said whole.
pub fn same_in_pieces(make: &dyn Fn() -> ServerStream, input: &[u8], cut: usize) -> Told {
    let whole = run(make(), input, input.len());
    let pieces = run(make(), input, cut);
    assert_eq!(whole.2, pieces.2, "it fails in one way only");
    if whole.2 {
        assert_eq!(whole, pieces, "it reads differently in pieces");
    }
    whole
}

pub fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
