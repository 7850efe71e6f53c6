//! COPY OUT in its three formats: however the rows are cut into CopyData, they are masked the same.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use safelight_fuzz::{contains, engine, message, rule, run, stream, Choices, PLANTED};
use safelight_wire::{ColumnRule, CopyFormat, CopyPlan, Kind, ResultPlan};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let cut = 1 + choices.below(60);
    let format = choices.one_of(&[CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary]);
    let binary = u8::from(format == CopyFormat::Binary);
    let delimiter = choices.one_of(b"\t,|;");
    let quote = choices.one_of(b"\"'~");
    let escape = choices.one_of(&[quote, b'\\', b'e']);
    let header = binary == 0 && choices.below(4) == 1;
    let force_quote = format == CopyFormat::Csv && choices.below(4) == 1;
    let rules: Vec<ColumnRule> = (0..choices.below(4)).map(|_| rule(&mut choices)).collect();
    let planted = choices.below(4) == 1;
    let plan = ResultPlan::new(engine());
    plan.set_copy(CopyPlan::new(
        format,
        delimiter,
        b"\\N".to_vec(),
        quote,
        escape,
        header,
        force_quote,
        &rules,
    ));
    let plan = Arc::new(plan);
    let mut content = choices.0.to_vec();
    if planted {
        let line: Vec<&[u8]> = rules.iter().map(|_| PLANTED).collect();
        content = [line.join(&delimiter), b"\n".to_vec(), content].concat();
    }
    let whole = copy(&plan, &rules, binary, &content, content.len());
    let pieces = copy(&plan, &rules, binary, &content, cut);
    assert_eq!(whole, pieces, "it reads differently in pieces");
    let all_labelled = !rules.is_empty() && rules.iter().all(|rule| *rule != ColumnRule::Detect);
    if planted && all_labelled && !header {
        let (payload, _) = pieces;
        assert!(
            !contains(&payload, PLANTED),
            "a labelled value left as it came"
        );
    }
});

/// The payloads that come out, joined, and whether the COPY came to its end.
fn copy(
    plan: &Arc<ResultPlan>,
    rules: &[ColumnRule],
    binary: u8,
    content: &[u8],
    cut: usize,
) -> (Vec<u8>, bool) {
    let mut start = vec![binary];
    start.extend_from_slice(&(rules.len() as u16).to_be_bytes());
    for _ in rules {
        start.extend_from_slice(&[0, binary]);
    }
    let mut input = message(b'H', &start);
    for part in content.chunks(cut.max(1)) {
        input.extend(message(b'd', part));
    }
    input.extend(
        [
            message(b'c', b""),
            message(b'C', b"COPY 1\0"),
            message(b'Z', b"I"),
        ]
        .concat(),
    );
    let (output, _, whole) = run(stream(&[Kind::Query], plan), &input, input.len());
    if !whole {
        return (Vec::new(), false); // how much had left before the mistake depends on the pieces
    }
    let (mut payload, mut at) = (Vec::new(), 0);
    while at < output.len() {
        let length = u32::from_be_bytes([
            output[at + 1],
            output[at + 2],
            output[at + 3],
            output[at + 4],
        ]) as usize;
        if output[at] == b'd' {
            payload.extend_from_slice(&output[at + 5..at + 1 + length]);
        }
        at += 1 + length;
    }
    (payload, true)
}
