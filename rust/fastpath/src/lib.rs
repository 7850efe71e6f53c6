//! The fast path of a PostgreSQL session: a message that is known to be an allowed, harmless read goes from the
//! client to the target, and its answer back, without the interpreter.
//!
//! It does what the slow path (`safelight.protocols.postgres`) does for such a message, and nothing else: the decision
//! is looked up, the audit intent is queued before anything may leave, the reply is expected, rows are masked, the
//! outcome is queued. Whatever is not exactly that is handed back, together with what is in flight
//! ([`FastPath::surrender`]); the slow path then goes on as if it had done everything itself.
#![forbid(unsafe_code)]

mod asked;
mod bounded;
mod cache;
mod flight;
mod path;

pub use cache::{Entry, KnownRead, ShapeCache};
pub use flight::{BatchFlight, Flight, LeftPortal, Leftover};
pub use path::{FastPath, Forward, Moment, Problem, Reply};
