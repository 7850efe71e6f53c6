//! A server's stream: any messages for any expectations.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use safelight_fuzz::{described, engine, label, same_in_pieces, stream, Choices};
use safelight_masking::Strategy;
use safelight_wire::{ColumnRule, CopyFormat, CopyPlan, Kind, ResultPlan};

const TYPES: [u32; 9] = [25, 114, 3802, 17, 869, 1009, 2249, 23, 20_000];
/// Function calls are refused: nobody asks for one.
const ASKED: [Kind; 9] = [
    Kind::Query,
    Kind::Parse,
    Kind::Bind,
    Kind::Close,
    Kind::DescribeStatement,
    Kind::DescribePortal,
    Kind::DescribePortalSilent,
    Kind::Execute,
    Kind::Sync,
];

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data);
    let cut = 1 + choices.below(40);
    let column = (choices.one_of(&TYPES), choices.below(2) as u16);
    let second = choices.one_of(&[
        ColumnRule::Detect,
        label(Strategy::Pseudonym),
        ColumnRule::Constant,
    ]);
    let format = choices.one_of(&[CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary]);
    let asked = choices.below(6);
    let kinds: Vec<Kind> = (0..asked).map(|_| choices.one_of(&ASKED)).collect();
    let rules = [ColumnRule::Detect, second];
    let plan = ResultPlan::new(engine());
    let known = plan.accept(&described(&[(25, 0), column]), &rules);
    known.expect("a description of two columns");
    plan.set_copy(CopyPlan::new(
        format,
        b'\t',
        b"\\N".to_vec(),
        b'"',
        b'"',
        false,
        false,
        &rules,
    ));
    let plan = Arc::new(plan);
    same_in_pieces(&|| stream(&kinds, &plan), choices.0, cut);
});
