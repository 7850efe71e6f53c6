//! COPY within the stream: its begin, and its rows on the way out.

use crate::constants;
use crate::copy::CopyOut;
use crate::error::{broken, WireError};
use crate::expectation::State;
use crate::frame::HEAD;
use crate::output::Output;
use crate::stream::ServerStream;

impl ServerStream {
    pub(super) fn copy_begins(&mut self, code: u8, body: &[u8]) -> Result<(), WireError> {
        let limit = self.limits.max_row_bytes;
        let Some(front) = self.queue.front_mut() else {
            return broken("a COPY that nobody asked for");
        };
        if code == b'G' {
            constants::copy_in_response(body)?;
            front.state = State::CopyIn;
            return Ok(());
        }
        let Some(plan) = front.plan().and_then(|plan| plan.copy()) else {
            return broken("a COPY for which no mask is planned");
        };
        if !plan.agrees(body) {
            return broken("a COPY in another format, or of other columns, than was planned");
        }
        front.state = State::CopyOut(Box::new(CopyOut::new(plan, limit)));
        Ok(())
    }

    pub(super) fn copy_data(
        &mut self,
        data: &[u8],
        output: &mut Output<'_>,
    ) -> Result<(), WireError> {
        let Some(front) = self.queue.front_mut() else {
            return broken("COPY data that nobody asked for");
        };
        let plan = front.plans.get(front.at);
        let (State::CopyOut(copy), Some(plan)) = (&mut front.state, plan) else {
            return broken("COPY data outside of a COPY");
        };
        let Some(rules) = plan.copy() else {
            return broken("a COPY for which no mask is planned");
        };
        let own = output.own();
        let start = own.len();
        own.extend_from_slice(b"d\0\0\0\0");
        copy.feed(rules, plan.engine(), data, own, &mut self.counts)?;
        if own.len() == start + HEAD {
            own.truncate(start);
            return Ok(());
        }
        let length = (own.len() - start - 1) as u32;
        own[start + 1..start + HEAD].copy_from_slice(&length.to_be_bytes());
        self.counts.bytes += u64::from(length) + 1;
        Ok(())
    }
}
