//! The detectors: what was masked is recognised, one pass over a chunk misses nothing, and masking again comes to an end
//! (what stands beside a masked value may be read anew, but nothing that was made is taken for real).
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_fuzz::engine;
use safelight_masking::{carries_masked, scan, Context, Tally};

const MAX_ROUNDS: usize = 8;

fuzz_target!(|data: &[u8]| {
    let engine = engine();
    let mut end = 0;
    for span in scan(data) {
        assert!(span.start >= end && span.start < span.end && span.end <= data.len());
        end = span.end;
    }
    for context in [Context::Text, Context::Json] {
        let mut masked = Vec::new();
        if engine.mask_into(data, &mut masked, &mut Tally::new(), context) {
            assert!(
                engine.may_match(data),
                "one pass over a chunk misses something"
            );
            assert!(carries_masked(&masked), "what was masked is not recognised");
            let mut rounds = 0;
            let mut again = Vec::new();
            while engine.mask_into(&masked, &mut again, &mut Tally::new(), context) {
                masked = std::mem::take(&mut again);
                rounds += 1;
                assert!(rounds < MAX_ROUNDS, "masked text is masked again and again");
            }
        } else {
            assert!(
                masked.is_empty(),
                "something is appended where nothing was found"
            );
        }
    }
});
