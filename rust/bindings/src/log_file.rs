//! Where a `RecordQueue` writes without the interpreter: a file that somebody else has opened and looks after.
use std::fs::File;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::time::Instant;

use safelight_evidence::RecordQueue;

/// Lines that were written and are not accounted for yet.
#[derive(Default)]
pub struct Written {
    pub lines: Vec<u8>,
    /// How many records the log has, these included.
    pub size: u64,
    pub since: Option<Instant>,
}

pub struct LogFile {
    descriptor: RawFd,
    room_bytes: usize,
    pub written: Written,
}

impl LogFile {
    /// `room_bytes` may be written before somebody accounts for them.
    pub fn new(descriptor: RawFd, room_bytes: usize) -> Self {
        Self {
            descriptor,
            room_bytes,
            written: Written::default(),
        }
    }

    /// Write all that is queued, if there is room for it; whether it was written.
    ///
    /// An error says why the file has to be given up: how much of the lines is in it is not known.
    pub fn write(&mut self, queue: &mut RecordQueue) -> Result<bool, String> {
        let lines = queue.lines();
        if self.written.lines.len() + lines.len() > self.room_bytes {
            return Ok(false);
        }
        // SAFETY: the descriptor is open: whoever closes it first takes it back from the queue. It is not closed here.
        let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(self.descriptor) });
        match file.write(lines) {
            Ok(count) if count == lines.len() => {}
            Ok(count) => {
                return Err(format!(
                    "only {count} of {} bytes were written",
                    lines.len()
                ))
            }
            Err(problem) => return Err(problem.to_string()),
        }
        self.written.lines.extend_from_slice(lines);
        self.written.size = queue.next_index();
        self.written.since.get_or_insert_with(Instant::now);
        queue.clear();
        Ok(true)
    }
}
