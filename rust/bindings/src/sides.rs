//! `ClientSide` and `TargetSide`: see `_native.pyi`. What the fast path takes goes through here without a line of Python.
use std::slice;

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::fastpath::{Answer, FastPath};

/// What both sides are: a socket's bytes come into a shared buffer, and something is called with them.
struct Side {
    buffer: Py<PyAny>,
    bytes: PyBuffer<u8>,
    fast: Py<FastPath>,
    /// Sends to the other side; gone when the session has ended.
    send: Option<Py<PyAny>>,
}

impl Side {
    fn new(
        py: Python<'_>,
        buffer: Py<PyAny>,
        fast: Py<FastPath>,
        send: Py<PyAny>,
    ) -> PyResult<Self> {
        let bytes = PyBuffer::get(buffer.bind(py))?;
        Ok(Self {
            buffer,
            bytes,
            fast,
            send: Some(send),
        })
    }

    /// The first `count` bytes of the buffer.
    fn received<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Bound<'py, PyBytes>> {
        if count > self.bytes.item_count() || !self.bytes.is_c_contiguous() {
            return Err(PyValueError::new_err("more bytes than the buffer has"));
        }
        // SAFETY: the buffer is one stretch of at least `count` bytes, which lives as long as `self.bytes`. Only the
        // event loop writes into it, and this is its thread.
        let received = unsafe { slice::from_raw_parts(self.bytes.buf_ptr().cast(), count) };
        Ok(PyBytes::new(py, received))
    }
}

/// See `_native.pyi`.
#[pyclass(subclass)]
pub struct ClientSide {
    side: Side,
    written: Py<PyAny>,
}

#[pymethods]
impl ClientSide {
    #[new]
    fn new(
        py: Python<'_>,
        buffer: Py<PyAny>,
        fast: Py<FastPath>,
        send: Py<PyAny>,
        written: Py<PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            side: Side::new(py, buffer, fast, send)?,
            written,
        })
    }

    fn get_buffer(&self, py: Python<'_>, _size_hint: isize) -> Py<PyAny> {
        self.side.buffer.clone_ref(py)
    }

    fn stop(&mut self) {
        self.side.send = None;
    }

    fn buffer_updated(this: &Bound<'_, Self>, count: usize) -> PyResult<()> {
        let py = this.py();
        let taken = {
            let own = this.borrow();
            let Some(send) = own.side.send.as_ref().map(|send| send.clone_ref(py)) else {
                return Ok(());
            };
            let data = own.side.received(py, count)?;
            let mut fast = own.side.fast.borrow_mut(py);
            match fast.taken(py, &data)? {
                Some(forward) if fast.written(py) => Ok((send, None, forward)),
                Some(forward) => Ok((send, Some(own.written.clone_ref(py)), forward)),
                None => Err(data),
            }
        };
        match taken {
            Ok((send, write, forward)) => {
                let written = write.map_or(Ok(true), |write| write.call0(py)?.is_truthy(py))?;
                if written {
                    send.call1(py, (forward,))?;
                }
            }
            Err(data) => {
                this.call_method1("received", (data,))?;
            }
        }
        full(this.as_any(), count, this.borrow().side.bytes.item_count())
    }
}

/// See `_native.pyi`.
#[pyclass(subclass)]
pub struct TargetSide {
    side: Side,
    noted: Py<PyAny>,
}

#[pymethods]
impl TargetSide {
    #[new]
    fn new(
        py: Python<'_>,
        buffer: Py<PyAny>,
        fast: Py<FastPath>,
        send: Py<PyAny>,
        noted: Py<PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            side: Side::new(py, buffer, fast, send)?,
            noted,
        })
    }

    fn get_buffer(&self, py: Python<'_>, _size_hint: isize) -> Py<PyAny> {
        self.side.buffer.clone_ref(py)
    }

    fn stop(&mut self) {
        self.side.send = None;
    }

    fn buffer_updated(this: &Bound<'_, Self>, count: usize) -> PyResult<()> {
        let py = this.py();
        let (answer, send, noted) = {
            let own = this.borrow();
            let Some(send) = own.side.send.as_ref().map(|send| send.clone_ref(py)) else {
                return Ok(());
            };
            let data = own.side.received(py, count)?;
            let mut fast = own.side.fast.borrow_mut(py);
            let answer = fast.answered(py, &data);
            let passed = matches!(answer, Ok(Answer::Passed(_)));
            let noted = (passed && fast.note(py)).then(|| own.noted.clone_ref(py));
            (answer, send, noted)
        };
        match answer {
            Ok(Answer::Passed(out)) => {
                if !out.as_bytes().is_empty() {
                    send.call1(py, (out,))?;
                }
                if let Some(noted) = noted {
                    noted.call0(py)?;
                }
            }
            Ok(Answer::Told(out, events)) => {
                this.call_method1("told", (out, events))?;
            }
            Err(problem) => {
                this.call_method1("failed", (problem.value(py).to_string(),))?;
            }
        }
        full(this.as_any(), count, this.borrow().side.bytes.item_count())
    }
}

/// A full buffer is followed by a turn of the loop for everybody else.
fn full(side: &Bound<'_, PyAny>, count: usize, size: usize) -> PyResult<()> {
    if count == size {
        side.call_method0("full")?;
    }
    Ok(())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClientSide>()?;
    module.add_class::<TargetSide>()
}
