//! Seeded fuzzing: whatever comes, the stream gives output, events or an error. It never panics, never holds more than
//! it was given, and gives the same however its input was cut.

use std::sync::Arc;

use safelight_masking::Engine;
use safelight_wire::{
    Bytes, ColumnRule, CopyFormat, CopyPlan, Event, Kind, Limits, ResultPlan, ServerStream,
};

const ROUNDS: u64 = 20_000;
const LIMITS: Limits = Limits {
    max_message_bytes: 4096,
    max_row_bytes: 4096,
};

/// xorshift64*, so that a failure is repeated by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut whole = vec![kind];
    whole.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    whole.extend_from_slice(body);
    whole
}

/// A RowDescription body of one text and one column of the other type.
fn described(oid: u32, format: u16) -> Vec<u8> {
    let mut body = vec![0, 2];
    for (oid, format) in [(25u32, 0u16), (oid, format)] {
        body.extend_from_slice(b"c\0\0\0\0\0\0\0");
        body.extend_from_slice(&oid.to_be_bytes());
        body.extend_from_slice(&[0; 6]);
        body.extend_from_slice(&format.to_be_bytes());
    }
    body
}

fn row(cells: [&[u8]; 2]) -> Vec<u8> {
    let mut body = vec![0, 2];
    for cell in cells {
        body.extend_from_slice(&(cell.len() as u32).to_be_bytes());
        body.extend_from_slice(cell);
    }
    message(b'D', &body)
}

/// Something a server could say, or nearly so.
fn piece(dice: &mut Dice, description: &[u8]) -> Vec<u8> {
    let cell: Vec<u8> = (0..dice.roll(40)).map(|_| dice.roll(256) as u8).collect();
    let mut piece = match dice.roll(16) {
        0 | 1 => message(b'T', description),
        2..=5 => row([b"ann@example.com", &cell]),
        6 => message(b'C', b"SELECT 1\0"),
        7 => message(b'Z', b"I"),
        8 => message(b"123nsIc"[dice.roll(7)], b""),
        9 => message(b'E', b"SERROR\0\0"),
        10 => message(b'N', b"SNOTICE\0\0"),
        11 => message(b'H', &[0, 0, 2, 0, 0, 0, 0]),
        12 => message(b'H', &[1, 0, 2, 0, 1, 0, 1]),
        13 => message(b'd', &cell),
        14 => message(b'd', b"1\tann@example.com\n"),
        _ => cell,
    };
    if !piece.is_empty() && dice.roll(4) == 0 {
        let at = dice.roll(piece.len());
        piece[at] ^= 1 << dice.roll(8);
    }
    piece
}

fn plan(dice: &mut Dice, description: &[u8]) -> Arc<ResultPlan> {
    let plan = ResultPlan::new(Arc::new(Engine::new([1; 32], [2; 32])));
    let label = ColumnRule::Label {
        label: "email".to_owned(),
        strategy: safelight_masking::Strategy::Pseudonym,
    };
    let rules = [
        ColumnRule::Detect,
        [ColumnRule::Detect, label, ColumnRule::Constant][dice.roll(3)].clone(),
    ];
    plan.accept(description, &rules)
        .expect("a description of two columns");
    let format = [CopyFormat::Text, CopyFormat::Csv, CopyFormat::Binary][dice.roll(3)];
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
    Arc::new(plan)
}

fn stream(kinds: &[usize], plan: &Arc<ResultPlan>) -> ServerStream {
    let mut stream = ServerStream::new(LIMITS);
    for (token, kind) in kinds.iter().enumerate() {
        let kind = Kind::ALL[*kind];
        let plans = match kind {
            Kind::Query => vec![plan.clone(), plan.clone()],
            Kind::Execute | Kind::DescribePortal | Kind::DescribePortalSilent => vec![plan.clone()],
            _ => Vec::new(),
        };
        stream
            .expect(kind, plans, token as i64 + 1)
            .expect("an expectation that can be");
    }
    stream
}

/// All output and event codes, or `None` when the stream failed.
fn run(stream: &mut ServerStream, input: &[u8], cut: usize) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut output, mut codes) = (Vec::new(), Vec::new());
    for part in input.chunks(cut) {
        let mut step = stream.feed(part).ok()?;
        loop {
            match &step.bytes {
                Bytes::Stretch(stretch) => output.extend_from_slice(&part[stretch.clone()]),
                Bytes::Own(own) => output.extend_from_slice(own),
            }
            let mut go_on = true;
            for event in &step.events {
                codes.push(match event {
                    Event::Completed(done) => done.code,
                    Event::Ready { .. } => b'Z',
                    Event::Paused { code, .. } => {
                        go_on = !matches!(code, b'T' | b'G' | b'H');
                        *code
                    }
                });
            }
            if !stream.paused() {
                break;
            }
            step = stream.resume(b"", go_on).ok()?;
        }
        assert!(stream.buffered() <= input.len());
    }
    Some((output, codes))
}

#[test]
fn any_input_in_any_cut() {
    let mut finished = 0;
    for seed in 1..=ROUNDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let oid = [25, 114, 3802, 17, 869, 1009, 2249, 23, 20_000][dice.roll(9)];
        let description = described(oid, dice.roll(2) as u16);
        let plan = plan(&mut dice, &description);
        let kinds: Vec<usize> = (0..dice.roll(5)).map(|_| dice.roll(9)).collect();
        let mut input = Vec::new();
        for _ in 0..dice.roll(10) {
            input.extend(piece(&mut dice, &description));
        }
        let whole = run(&mut stream(&kinds, &plan), &input, input.len().max(1));
        let cut = 1 + dice.roll(30);
        let in_parts = run(&mut stream(&kinds, &plan), &input, cut);
        assert_eq!(whole, in_parts, "seed {seed}");
        finished += usize::from(whole.is_some());
    }
    assert!(
        finished > ROUNDS as usize / 50,
        "too few inputs get anywhere: {finished}"
    );
}
