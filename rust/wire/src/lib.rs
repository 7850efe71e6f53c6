//! PostgreSQL's wire in native code: pairing a server's replies with what was asked, masking rows and COPY on the way
//! to the client, and the shape of a statement's text.
#![forbid(unsafe_code)]

mod binary;
mod columns;
mod completion;
mod constants;
mod copy;
mod error;
mod event;
mod expectation;
mod frame;
mod output;
mod plan;
mod rows;
mod shape;
mod stream;
mod treatment;
mod types;

pub use completion::Completion;
pub use copy::{CopyFormat, CopyPlan};
pub use error::WireError;
pub use event::{Event, Step};
pub use expectation::Kind;
pub use frame::Limits;
pub use output::Bytes;
pub use plan::ResultPlan;
pub use shape::{shape, Shape};
pub use stream::ServerStream;
pub use treatment::ColumnRule;
