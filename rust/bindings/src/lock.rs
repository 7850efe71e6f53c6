//! When to give up the interpreter lock.
use pyo3::prelude::*;

/// Below this, giving up the interpreter lock costs more than it frees.
const LONG_BYTES: usize = 64 * 1024;

/// Run without the interpreter lock when the work is long; `size` is that of its input in bytes.
pub fn detached<R: Send>(py: Python<'_>, size: usize, work: impl FnOnce() -> R + Send) -> R {
    if size > LONG_BYTES {
        py.detach(work)
    } else {
        work()
    }
}
