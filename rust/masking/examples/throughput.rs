//! How fast the engine is on one core: `cargo run --release -p safelight-masking --example throughput`.
//!
//! Prints one `name megabytes_per_second` a line: the best of sixty runs over 2 MB of generated text each. An argument
//! selects the figures whose names begin with it.

use std::hint::black_box;
use std::time::Instant;

use safelight_masking::{carries_masked, Context, Engine, Strategy, Tally};

const TOTAL_BYTES: usize = 2 << 20;
const RUNS: usize = 60;

const WORDS: [&str; 16] = [
    "order",
    "shipped",
    "to",
    "customer",
    "payment",
    "pending",
    "retry",
    "2024-04-13",
    "12:30:45",
    "status=ok",
    "warehouse",
    "north",
    "ready",
    "99.90",
    "the",
    "invoice",
];
const PERSONAL: [&str; 6] = [
    "maria.lopez@example.com",
    "4242 4242 4242 4242",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 901820",
    "203.0.113.77",
    "536-32-3065",
];

/// A generator of the same numbers every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Lines of `length` bytes or a little more; of a hundred, `personal` hold something personal.
fn lines(length: usize, personal: usize) -> Vec<String> {
    let mut numbers = Numbers(0x5afe_1194);
    let line = |numbers: &mut Numbers| {
        let mut line = String::new();
        let mut pending = numbers.below(100) < personal;
        while line.len() < length {
            let word = if pending && line.len() + 24 >= length.max(25) {
                pending = false;
                PERSONAL[numbers.below(PERSONAL.len())]
            } else {
                WORDS[numbers.below(WORDS.len())]
            };
            line.push_str(word);
            line.push(' ');
        }
        line.trim_end().to_owned()
    };
    (0..10_000).map(|_| line(&mut numbers)).collect()
}

/// The best rate of `work` over `bytes` a call, in megabytes a second.
fn rate(bytes: usize, mut work: impl FnMut()) -> f64 {
    let calls = (TOTAL_BYTES / bytes).max(1);
    let rates = (0..RUNS).map(|_| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        (calls * bytes) as f64 / start.elapsed().as_secs_f64() / 1e6
    });
    rates.fold(0.0, f64::max)
}

/// Mask value by value, copying what is clean, as a row is rewritten.
fn mask_each(engine: &Engine, lines: &[String]) -> f64 {
    let bytes = lines.iter().map(String::len).sum();
    let mut out = Vec::with_capacity(bytes * 2);
    let mut found = Tally::new();
    rate(bytes, || {
        out.clear();
        for line in lines {
            if !engine.mask_into(line.as_bytes(), &mut out, &mut found, Context::Text) {
                out.extend_from_slice(line.as_bytes());
            }
        }
        black_box(&out);
    })
}

/// Rows of nine cells as PostgreSQL frames them, without anything personal.
fn framed_rows() -> Vec<u8> {
    let mut rows = Vec::new();
    for (index, line) in lines(60, 0).iter().enumerate() {
        let id = (1_000_000 + index).to_string();
        let cells = [
            &id,
            "42",
            "2024-04-13 12:30:45.123456",
            "shipped",
            "EUR",
            "129.90",
            "t",
            line,
            "b7f1c1c8-6f64-4b5e-9a65-2d6c1f7a9e01",
        ];
        rows.push(b'D');
        let body: usize = cells.iter().map(|cell| cell.len() + 4).sum();
        rows.extend_from_slice(&(body as u32 + 6).to_be_bytes());
        rows.extend_from_slice(&(cells.len() as u16).to_be_bytes());
        for cell in cells {
            rows.extend_from_slice(&(cell.len() as u32).to_be_bytes());
            rows.extend_from_slice(cell.as_bytes());
        }
    }
    rows
}

type Figure<'a> = (&'static str, Box<dyn Fn() -> f64 + 'a>);

fn main() {
    let engine = Engine::new([1; 32], [2; 32]);
    let rows = framed_rows();
    let chunks = |work: &dyn Fn(&[u8])| rate(rows.len(), || rows.chunks(64 << 10).for_each(work));
    let statement = "UPDATE orders SET status = 'shipped', note = 'left at the door' WHERE id = 4711 AND tenant = 'north'";
    let statement = statement.as_bytes();
    let figures: Vec<Figure<'_>> = vec![
        (
            "lines_clean",
            Box::new(|| mask_each(&engine, &lines(110, 0))),
        ),
        (
            "lines_5_percent",
            Box::new(|| mask_each(&engine, &lines(110, 5))),
        ),
        (
            "lines_all",
            Box::new(|| mask_each(&engine, &lines(110, 100))),
        ),
        (
            "cells_20_bytes_clean",
            Box::new(|| mask_each(&engine, &lines(16, 0))),
        ),
        (
            "cells_20_bytes_5_percent",
            Box::new(|| mask_each(&engine, &lines(16, 5))),
        ),
        (
            "rows_may_match",
            Box::new(|| chunks(&|chunk| assert!(!engine.may_match(chunk)))),
        ),
        (
            "rows_carries_masked",
            Box::new(|| chunks(&|chunk| assert!(!carries_masked(chunk)))),
        ),
        (
            "statement_carries_masked",
            Box::new(|| {
                rate(statement.len(), || {
                    assert!(!carries_masked(black_box(statement)))
                })
            }),
        ),
        (
            "pseudonyms_of_emails",
            Box::new(|| {
                let mut out = Vec::new();
                rate(23, || {
                    out.clear();
                    engine.apply(
                        "email",
                        Strategy::Pseudonym,
                        black_box(b"maria.lopez@example.com"),
                        &mut out,
                    );
                })
            }),
        ),
    ];
    let only = std::env::args().nth(1).unwrap_or_default();
    for (name, figure) in figures.iter().filter(|(name, _)| name.starts_with(&only)) {
        println!("{name} {:.0}", figure());
    }
}
