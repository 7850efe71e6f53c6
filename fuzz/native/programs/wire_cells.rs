//! The values of one column, of any type and format: what comes out is a row again, and never the labelled value.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use safelight_fuzz::{
    contains, described, engine, message, rule, run, same_in_pieces, stream, Choices, PLANTED,
};
use safelight_wire::{ColumnRule, Kind, ResultPlan};

const TYPES: [u32; 24] = [
    25, 1043, 1042, 19, 18, 114, 3802, 17, 869, 650, 1041, 651, 1001, 1009, 1015, 199, 3807, 2249,
    23, 1700, 1082, 2950, 142, 20_000,
];

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let cut = 1 + choices.below(40);
    let column = (choices.one_of(&TYPES), choices.below(2) as u16);
    let rule = rule(&mut choices);
    let planted = choices.below(4) == 1;
    let body = described(&[column]);
    let plan = ResultPlan::new(engine());
    let known = plan.accept(&body, std::slice::from_ref(&rule));
    known.expect("a description of one column");
    let plan = Arc::new(plan);
    let mut input = message(b'T', &body);
    let cells: Vec<&[u8]> = choices.0.split(|byte| *byte == 0xfe).collect();
    for cell in &cells {
        let mut value = if planted {
            PLANTED.to_vec()
        } else {
            Vec::new()
        };
        value.extend_from_slice(cell);
        let mut row = 1u16.to_be_bytes().to_vec();
        row.extend_from_slice(&(value.len() as u32).to_be_bytes());
        row.extend_from_slice(&value);
        input.extend(message(b'D', &row));
    }
    let ends = [message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    input.extend(ends);
    let (output, _, whole) = same_in_pieces(&|| stream(&[Kind::Query], &plan), &input, cut);
    if rule != ColumnRule::Detect {
        assert!(
            !contains(&output, PLANTED),
            "a labelled value left as it came"
        );
    }
    if whole {
        // What leaves is a server's stream itself: read again, it has the same rows.
        let plan = ResultPlan::new(engine());
        let known = plan.accept(&body, &[ColumnRule::Detect]);
        known.expect("a description of one column");
        let again = run(
            stream(&[Kind::Query], &Arc::new(plan)),
            &output,
            output.len(),
        );
        assert!(again.2, "what leaves cannot be read");
    }
});
