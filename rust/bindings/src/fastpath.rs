//! `ShapeCache`, `FastPath` and `Flight`: see `_native.pyi`. Clocks are read here, at the edge.
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use safelight_fastpath as fastpath;
use safelight_fastpath::{Entry, Forward, KnownRead, Moment, Reply};
use safelight_wire::Bytes;

use crate::epoch::{self, Epoch};
use crate::evidence::RecordQueue;
use crate::wire::{events, value_error, ResultPlan, ServerStream};

/// See `_native.pyi`.
#[pyclass]
pub struct ShapeCache {
    cache: fastpath::ShapeCache<Py<PyAny>>,
}

#[pymethods]
impl ShapeCache {
    #[new]
    fn new() -> Self {
        Self {
            cache: fastpath::ShapeCache::default(),
        }
    }

    #[classmethod]
    fn __class_getitem__(class: &Bound<'_, pyo3::types::PyType>, _item: Py<PyAny>) -> Py<PyAny> {
        class.clone().into_any().unbind()
    }

    #[getter]
    fn epoch(&self) -> i64 {
        self.cache.epoch()
    }

    fn renew(&mut self, epoch: i64) {
        self.cache.renew(epoch);
    }

    fn get(&self, py: Python<'_>, text: &[u8], extended: bool) -> Option<Py<PyAny>> {
        let entry = self.cache.get(text, extended)?;
        Some(entry.value.clone_ref(py))
    }

    #[pyo3(signature = (text, extended, significant, value, *, weight = 1))]
    fn put(
        &mut self,
        text: &[u8],
        extended: bool,
        significant: Option<Vec<usize>>,
        value: Py<PyAny>,
        weight: u64,
    ) {
        let entry = Entry { value, read: None };
        self.cache.put(text, extended, significant, entry, weight);
    }

    #[allow(clippy::too_many_arguments)] // what `put` takes, and what is known of the read
    #[pyo3(signature = (text, extended, significant, value, *, weight, result, record, reads_labels))]
    fn put_read(
        &mut self,
        text: &[u8],
        extended: bool,
        significant: Option<Vec<usize>>,
        value: Py<PyAny>,
        weight: u64,
        result: &ResultPlan,
        record: Vec<u8>,
        reads_labels: bool,
    ) {
        let read = Some(KnownRead {
            result: result.plan.clone(),
            record,
            reads_labels,
        });
        let entry = Entry { value, read };
        self.cache.put(text, extended, significant, entry, weight);
    }
}

/// See `_native.pyi`.
#[pyclass(frozen, get_all)]
struct Flight {
    plan: Py<PyAny>,
    intent: u64,
    started_micros: i64,
    completed: bool,
    batch: Option<Py<FlightBatch>>,
    execute_token: i64,
    end_token: i64,
}

/// See `_native.pyi`.
#[pyclass(frozen, get_all)]
struct FlightBatch {
    parse_token: Option<i64>,
    bind_token: i64,
    describe_token: Option<i64>,
    text: Py<PyBytes>,
    bound: Py<PyBytes>,
}

type Statement = (Py<PyAny>, Py<PyBytes>);
type Portal = (Py<PyAny>, Py<PyBytes>, Py<PyBytes>);

/// What came of a piece of the target's bytes.
pub enum Answer<'py> {
    Passed(Bound<'py, PyBytes>),
    Told(Bound<'py, PyBytes>, Bound<'py, PyList>),
}

/// See `_native.pyi`.
#[pyclass]
pub struct FastPath {
    path: fastpath::FastPath<Py<PyAny>>,
    cache: Py<ShapeCache>,
    queue: Py<RecordQueue>,
    stream: Py<ServerStream>,
    epochs: Vec<Py<Epoch>>,
    /// A moment of the caller's monotonic clock, and the same of ours.
    made_micros: i64,
    made: Instant,
}

impl FastPath {
    fn now(&self) -> Moment {
        let signed = |count: u128| i64::try_from(count).unwrap_or(i64::MAX);
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment {
            now_micros: self.made_micros + signed(self.made.elapsed().as_micros()),
            wall_ms: wall.map_or(0, |since| signed(since.as_millis())),
        }
    }

    pub fn taken<'py>(
        &mut self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let cache = self.cache.borrow(py);
        if cache.cache.epoch() != epoch::sum(&self.epochs) {
            return Ok(None);
        }
        let at = self.now();
        let mut queue = self.queue.borrow_mut(py);
        let mut stream = self.stream.borrow_mut(py);
        let (queue, stream) = (&mut queue.queue, &mut stream.stream);
        let taken = self
            .path
            .take(data.as_bytes(), at, &cache.cache, queue, stream)
            .map_err(value_error)?;
        Ok(taken.map(|forward| match forward {
            Forward::Same => data.clone(),
            Forward::Changed(changed) => PyBytes::new(py, &changed),
        }))
    }

    /// Write the log without the interpreter; see `RecordQueue::written`.
    pub fn written(&self, py: Python<'_>) -> bool {
        self.queue.borrow_mut(py).written()
    }

    /// See `RecordQueue::note`.
    pub fn note(&self, py: Python<'_>) -> bool {
        self.queue.borrow_mut(py).note()
    }

    pub fn answered<'py>(
        &mut self,
        py: Python<'py>,
        data: &Bound<'py, PyBytes>,
    ) -> PyResult<Answer<'py>> {
        let at = self.now();
        let reply = {
            let mut queue = self.queue.borrow_mut(py);
            let mut stream = self.stream.borrow_mut(py);
            let (queue, stream) = (&mut queue.queue, &mut stream.stream);
            self.path
                .reply(data.as_bytes(), at, queue, stream)
                .map_err(value_error)?
        };
        Ok(match reply {
            Reply::Passed(bytes) => Answer::Passed(output(py, data, bytes)),
            Reply::Told(step) => {
                Answer::Told(output(py, data, step.bytes), events(py, step.events)?)
            }
        })
    }
}

#[pymethods]
impl FastPath {
    #[new]
    fn new(
        session_id: String,
        cache: Py<ShapeCache>,
        queue: Py<RecordQueue>,
        stream: Py<ServerStream>,
        epochs: Vec<Py<Epoch>>,
        now_micros: i64,
    ) -> Self {
        Self {
            path: fastpath::FastPath::new(session_id),
            cache,
            queue,
            stream,
            epochs,
            made_micros: now_micros,
            made: Instant::now(),
        }
    }

    #[getter]
    fn busy(&self) -> bool {
        self.path.busy()
    }

    #[getter]
    fn statements(&self) -> u64 {
        self.path.statements()
    }

    #[getter]
    fn last_micros(&self) -> i64 {
        self.path.last_micros()
    }

    #[getter]
    fn last_token(&self) -> i64 {
        self.path.last_token()
    }

    fn next_token(&mut self) -> i64 {
        self.path.next_token()
    }

    fn rest(&mut self, idle: bool) {
        self.path.rest(idle);
    }

    #[pyo3(signature = (name, text))]
    fn name(&mut self, name: &[u8], text: Option<&[u8]>) {
        self.path.name(name, text);
    }

    fn take<'py>(
        &mut self,
        py: Python<'py>,
        data: Bound<'py, PyBytes>,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.taken(py, &data)
    }

    fn reply<'py>(
        &mut self,
        py: Python<'py>,
        data: Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(match self.answered(py, &data)? {
            Answer::Passed(out) => out.into_any(),
            Answer::Told(out, events) => (out, events).into_pyobject(py)?.into_any(),
        })
    }

    fn surrender(&mut self, py: Python<'_>) -> PyResult<Surrendered> {
        let (left, flight) = self.path.surrender();
        let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
        let statement = left
            .statement
            .map(|(entry, text)| (entry.value.clone_ref(py), bytes(&text)));
        let portal = left.portal.map(|left| {
            let (text, bound) = (bytes(&left.text), bytes(&left.bound));
            (left.entry.value.clone_ref(py), text, bound)
        });
        let flight = flight.map(|flight| given(py, flight)).transpose()?;
        Ok((statement, portal, flight))
    }
}

type Surrendered = (Option<Statement>, Option<Portal>, Option<Flight>);

fn given(py: Python<'_>, flight: fastpath::Flight<Py<PyAny>>) -> PyResult<Flight> {
    let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
    let batch = flight.batch.map(|batch| {
        let given = FlightBatch {
            parse_token: batch.parse,
            bind_token: batch.bind,
            describe_token: batch.describe,
            text: bytes(&batch.text),
            bound: bytes(&batch.bound),
        };
        Py::new(py, given)
    });
    Ok(Flight {
        plan: flight.entry.value.clone_ref(py),
        intent: flight.intent,
        started_micros: flight.started_micros,
        completed: flight.completed,
        batch: batch.transpose()?,
        execute_token: flight.execute,
        end_token: flight.end,
    })
}

/// What goes to the client, without a copy where it is all of the input.
pub fn output<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyBytes>,
    bytes: Bytes,
) -> Bound<'py, PyBytes> {
    match bytes {
        Bytes::Stretch(stretch) if stretch.len() == data.as_bytes().len() => data.clone(),
        Bytes::Stretch(stretch) => PyBytes::new(py, &data.as_bytes()[stretch]),
        Bytes::Own(own) => PyBytes::new(py, &own),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ShapeCache>()?;
    module.add_class::<Flight>()?;
    module.add_class::<FlightBatch>()?;
    module.add_class::<FastPath>()
}
