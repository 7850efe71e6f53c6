//! What goes to the client of one piece of input. As long as it is one stretch of the input it is not copied.

use std::ops::Range;

pub struct Output<'s> {
    source: &'s [u8],
    stretch: Range<usize>,
    own: Option<Vec<u8>>,
}

/// Bytes for the client: a range of the input, or bytes of their own.
#[derive(Debug)]
pub enum Bytes {
    Stretch(Range<usize>),
    Own(Vec<u8>),
}

impl<'s> Output<'s> {
    pub fn new(source: &'s [u8]) -> Self {
        Self {
            source,
            stretch: 0..0,
            own: None,
        }
    }

    pub fn source(&self) -> &'s [u8] {
        self.source
    }

    /// Send a stretch of the input unchanged.
    pub fn pass(&mut self, stretch: Range<usize>) {
        if let Some(own) = &mut self.own {
            own.extend_from_slice(&self.source[stretch]);
        } else if self.stretch.is_empty() {
            self.stretch = stretch;
        } else if self.stretch.end == stretch.start {
            self.stretch.end = stretch.end;
        } else {
            let source = self.source;
            self.own().extend_from_slice(&source[stretch]);
        }
    }

    /// The buffer for bytes that are not the input's.
    pub fn own(&mut self) -> &mut Vec<u8> {
        let (source, stretch) = (self.source, self.stretch.clone());
        self.own.get_or_insert_with(|| {
            let mut own = Vec::with_capacity(source.len() - stretch.start + 256);
            own.extend_from_slice(&source[stretch]);
            own
        })
    }

    pub fn len(&self) -> usize {
        self.own.as_ref().map_or(self.stretch.len(), Vec::len)
    }

    pub fn finish(self) -> Bytes {
        match self.own {
            Some(own) => Bytes::Own(own),
            None => Bytes::Stretch(self.stretch),
        }
    }
}
