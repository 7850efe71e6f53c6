//! `RecordQueue`, `fold` and `fold_lines`: see `_native.pyi`.
use std::borrow::Cow;
use std::os::fd::RawFd;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyString};
use safelight_evidence as evidence;
use safelight_evidence::{Frontier, Hash, Outcome, Session, Statement, HASH_BYTES, KEY_BYTES};

use crate::log_file::LogFile;

fn value_error(problem: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(problem.to_string())
}

/// Text that is not valid Unicode has its broken parts replaced.
fn utf8<'a>(text: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, str>> {
    if let Ok(valid) = text.to_str() {
        return Ok(Cow::Borrowed(valid));
    }
    let replaced: Vec<u8> = text
        .call_method1("encode", ("utf-8", "replace"))?
        .extract()?;
    String::from_utf8(replaced)
        .map(Cow::Owned)
        .map_err(value_error)
}

fn counts(cells: Option<&Bound<'_, PyDict>>) -> PyResult<Vec<(String, i64)>> {
    let mut counts = Vec::new();
    if let Some(cells) = cells {
        for (name, count) in cells {
            let name = name.cast_into::<PyString>()?;
            counts.push((utf8(&name)?.into_owned(), count.extract()?));
        }
    }
    Ok(counts)
}

#[pyclass]
pub struct RecordQueue {
    pub queue: evidence::RecordQueue,
    file: Option<LogFile>,
    /// A key that is not on disk yet: nothing is written before it.
    new_key: bool,
    /// Somebody knows that records wait which nothing waits for.
    noted: bool,
    problem: Option<String>,
}

impl RecordQueue {
    /// Write what is queued without the interpreter. `false`: it has to be asked to.
    pub fn written(&mut self) -> bool {
        if self.queue.lines().is_empty() {
            return self.problem.is_none();
        }
        let Some(file) = self.file.as_mut().filter(|_| !self.new_key) else {
            return false;
        };
        match file.write(&mut self.queue) {
            Ok(written) => written,
            Err(problem) => {
                self.problem = Some(problem);
                self.file = None;
                false
            }
        }
    }

    /// Whether somebody has to be told that records wait.
    pub fn note(&mut self) -> bool {
        !std::mem::replace(&mut self.noted, true)
    }
}

#[pymethods]
impl RecordQueue {
    #[new]
    fn new(next_index: u64, full_bytes: usize) -> Self {
        Self {
            queue: evidence::RecordQueue::new(next_index, full_bytes),
            file: None,
            new_key: false,
            noted: false,
            problem: None,
        }
    }

    #[getter]
    fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    fn write_to(&mut self, descriptor: RawFd, room_bytes: usize) {
        self.file = Some(LogFile::new(descriptor, room_bytes));
    }

    fn take_written<'py>(&mut self, py: Python<'py>) -> (Bound<'py, PyBytes>, u64, u64) {
        self.noted = false;
        let written = self
            .file
            .as_mut()
            .map(|file| std::mem::take(&mut file.written));
        let written = written.unwrap_or_default();
        let age = written.since.map_or(0, |since| since.elapsed().as_millis());
        let lines = PyBytes::new(py, &written.lines);
        (lines, written.size, u64::try_from(age).unwrap_or(u64::MAX))
    }

    #[getter]
    fn next_index(&self) -> u64 {
        self.queue.next_index()
    }

    #[getter]
    fn queued_bytes(&self) -> usize {
        self.queue.lines().len()
    }

    #[getter]
    fn has_salts(&self) -> bool {
        self.queue.has_salts()
    }

    fn open_session(
        &mut self,
        session_id: String,
        key: &[u8],
        identity: &str,
        associated: &[u8],
        session_json: &[u8],
    ) -> PyResult<()> {
        let key = <[u8; KEY_BYTES]>::try_from(key)
            .map_err(|_| value_error("a session key has 32 bytes"))?;
        let session =
            Session::new(&key, identity, associated, session_json).map_err(value_error)?;
        self.new_key = true;
        self.queue.open_session(session_id, session);
        Ok(())
    }

    fn introduce(
        &mut self,
        session_id: &str,
        actor_json: &[u8],
        about_json: &[u8],
    ) -> PyResult<()> {
        self.queue
            .introduce(session_id, actor_json, about_json)
            .map_err(value_error)
    }

    fn forget(&mut self, session_id: &str) {
        self.queue.forget(session_id);
    }

    fn add_salts(&mut self, random: &[u8]) -> PyResult<()> {
        self.queue.add_salts(random).map_err(value_error)
    }

    fn salt(&mut self) -> PyResult<&str> {
        self.queue.salt().map_err(value_error)
    }

    fn seal<'py>(
        &mut self,
        py: Python<'py>,
        session_id: &str,
        plaintext: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = self
            .queue
            .seal(session_id, plaintext)
            .map_err(value_error)?;
        Ok(PyBytes::new(py, &sealed))
    }

    fn push(&mut self, line: &[u8]) -> PyResult<u64> {
        self.queue.push(line).map_err(value_error)
    }

    fn statement(
        &mut self,
        session_id: &str,
        kind: &str,
        at_ms: i64,
        fields_json: &[u8],
        text: &[u8],
        values: Vec<Option<PyBackedBytes>>,
    ) -> PyResult<Option<u64>> {
        let statement = Statement {
            session_id,
            kind,
            at_ms,
            fields: fields_json,
        };
        self.queue
            .statement(statement, text, &values)
            .map_err(value_error)
    }

    fn sealed(
        &mut self,
        session_id: &str,
        kind: &str,
        at_ms: i64,
        fields_json: &[u8],
        plaintext: &[u8],
    ) -> PyResult<u64> {
        let statement = Statement {
            session_id,
            kind,
            at_ms,
            fields: fields_json,
        };
        self.queue.sealed(statement, plaintext).map_err(value_error)
    }

    #[allow(clippy::too_many_arguments)] // the fields of one record
    fn outcome(
        &mut self,
        session_id: &str,
        at_ms: i64,
        intent: i64,
        result: &str,
        rows: i64,
        result_bytes: i64,
        micros: i64,
        sqlstate: &Bound<'_, PyString>,
        cells: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Option<u64>> {
        let sqlstate = utf8(sqlstate)?;
        let mut outcome = Outcome {
            intent,
            result,
            rows,
            bytes: result_bytes,
            micros,
            sqlstate: &sqlstate,
            masked: counts(cells)?,
        };
        self.queue
            .outcome(session_id, at_ms, &mut outcome)
            .map_err(value_error)
    }

    fn take<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let lines = PyBytes::new(py, self.queue.lines());
        self.queue.clear();
        self.new_key = false;
        lines
    }
}

type Peaks<'py> = Vec<Option<Bound<'py, PyBytes>>>;

fn frontier(peaks: &[Option<PyBackedBytes>]) -> PyResult<Frontier> {
    let peaks = peaks
        .iter()
        .map(|peak| peak.as_ref().map(hash).transpose())
        .collect::<PyResult<_>>()?;
    Ok(Frontier { peaks })
}

fn hash(data: &PyBackedBytes) -> PyResult<Hash> {
    <[u8; HASH_BYTES]>::try_from(&**data).map_err(|_| value_error("a hash has 32 bytes"))
}

fn given<'py>(py: Python<'py>, frontier: &Frontier) -> Peaks<'py> {
    let peaks = frontier.peaks.iter();
    peaks
        .map(|peak| peak.map(|hash| PyBytes::new(py, &hash)))
        .collect()
}

#[pyfunction]
fn fold<'py>(
    py: Python<'py>,
    peaks: Vec<Option<PyBackedBytes>>,
    leaves: Vec<PyBackedBytes>,
) -> PyResult<Peaks<'py>> {
    let mut frontier = frontier(&peaks)?;
    for leaf in &leaves {
        frontier.push(hash(leaf)?);
    }
    Ok(given(py, &frontier))
}

#[pyfunction]
fn fold_lines<'py>(
    py: Python<'py>,
    peaks: Vec<Option<PyBackedBytes>>,
    lines: &[u8],
) -> PyResult<(usize, Peaks<'py>)> {
    let mut frontier = frontier(&peaks)?;
    let count = frontier.push_lines(lines);
    Ok((count, given(py, &frontier)))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RecordQueue>()?;
    module.add_function(wrap_pyfunction!(fold, module)?)?;
    module.add_function(wrap_pyfunction!(fold_lines, module)?)
}
