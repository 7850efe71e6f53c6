//! Lines, byte by byte, and what a caller must do first.
use safelight_evidence::{leaf_hash, Error, Frontier, Outcome, RecordQueue, Session, Statement};

const NO_VALUES: [Option<&[u8]>; 0] = [];

fn session(key: u8) -> Session {
    Session::new(&[key; 32], "the-key", b"associated", b"\"s1\"").expect("one line")
}

fn queue(full_bytes: usize) -> RecordQueue {
    let mut queue = RecordQueue::new(7, full_bytes);
    queue.open_session("s1".into(), session(1));
    queue.add_salts(&[0; 36]).expect("two salts");
    queue
}

fn statement(fields: &[u8]) -> Statement<'_> {
    Statement {
        session_id: "s1",
        kind: "statement.intent",
        at_ms: 5,
        fields,
    }
}

#[test]
fn a_record_is_one_canonical_line() {
    let mut queue = queue(1000);
    queue
        .introduce("s1", b"\"oncall\"", b"{\"target\":\"db\"}")
        .expect("one line");
    let index = queue.statement(statement(b"\"form\":\"select\""), b"", &NO_VALUES);
    assert_eq!(index, Ok(Some(7)));
    assert_eq!(
        String::from_utf8_lossy(queue.lines()),
        "{\"about\":{\"target\":\"db\"},\"actor\":\"oncall\",\"at\":5,\"fields\":{\"form\":\"select\"},\"index\":7,\
         \"kind\":\"statement.intent\",\"salt\":\"AAAAAAAAAAAAAAAAAAAAAAAA\",\"session\":\"s1\",\"v\":1}\n"
    );
    queue.clear();
    assert_eq!((queue.lines(), queue.next_index()), (&b""[..], 8));
}

#[test]
fn an_outcome_tells_what_was_masked_in_the_order_of_names() {
    let mut queue = queue(1000);
    let mut outcome = Outcome {
        intent: 3,
        result: "error",
        sqlstate: "42\"01\u{1}\n",
        masked: vec![("email".into(), 2), ("card".into(), 1)],
        ..Outcome::default()
    };
    assert_eq!(queue.outcome("s1", 5, &mut outcome), Ok(Some(7)));
    let line = String::from_utf8_lossy(queue.lines()).into_owned();
    assert!(
        line.contains(
            "\"fields\":{\"bytes\":0,\"intent\":3,\"masked\":[\"card=1\",\"email=2\"],\"micros\":0,\
             \"result\":\"error\",\"rows\":0,\"sqlstate\":\"42\\\"01\\u0001\\n\"}"
        ),
        "{line}"
    );
}

#[test]
fn nothing_is_done_until_the_caller_has_acted() {
    let mut unknown = queue(1000);
    let other = Statement {
        session_id: "s2",
        ..statement(b"")
    };
    assert_eq!(unknown.statement(other, b"x", &NO_VALUES), Ok(None));
    assert_eq!(unknown.sealed(other, b""), Err(Error::NoSession));

    let mut full = queue(0);
    assert_eq!(
        full.statement(statement(b""), b"x", &NO_VALUES),
        Ok(Some(7))
    );
    assert_eq!(full.statement(statement(b""), b"x", &NO_VALUES), Ok(None));
    assert_eq!(full.next_index(), 8);

    let mut unsalted = queue(1000);
    for _ in 0..2 {
        assert!(unsalted.has_salts());
        assert!(unsalted
            .statement(statement(b""), b"", &NO_VALUES)
            .is_ok_and(|index| index.is_some()));
    }
    let before = unsalted.lines().len();
    assert_eq!(
        unsalted.statement(statement(b""), b"", &NO_VALUES),
        Ok(None)
    );
    assert_eq!(unsalted.outcome("s1", 5, &mut Outcome::default()), Ok(None));
    assert_eq!(unsalted.sealed(statement(b""), b""), Err(Error::NoSalt));
    assert_eq!(unsalted.lines().len(), before);
}

#[test]
fn a_statement_too_long_to_be_kept_whole_is_left_to_the_caller() {
    let limit = 4 * 1024 * 1024;
    let mut queue = queue(usize::MAX);
    let text = vec![b'x'; limit];
    assert_eq!(queue.statement(statement(b""), &text, &NO_VALUES), Ok(None));
    let values = [Some(&text[..limit - 9]), None];
    assert_eq!(queue.statement(statement(b""), b"", &values), Ok(None));
    assert_eq!(
        queue.statement(statement(b""), &text[1..], &NO_VALUES),
        Ok(Some(7))
    );
}

#[test]
fn what_would_break_a_line_is_refused() {
    let mut queue = queue(1000);
    assert_eq!(
        queue.statement(statement(b"\n"), b"x", &NO_VALUES),
        Err(Error::LineBreak)
    );
    assert_eq!(queue.push(b"a\nb"), Err(Error::LineBreak));
    let odd = Statement {
        kind: "a\"b",
        ..statement(b"")
    };
    assert_eq!(queue.statement(odd, b"", &NO_VALUES), Err(Error::Kind));
    assert_eq!(
        queue.introduce("s1", b"\n", b"").err(),
        Some(Error::LineBreak)
    );
    assert_eq!((queue.lines(), queue.next_index()), (&b""[..], 7));
}

#[test]
fn lines_fold_like_their_leaves() {
    let lines = b"a\nbb\n\nccc\n";
    let (mut by_line, mut by_leaf) = (Frontier::default(), Frontier::default());
    assert_eq!(by_line.push_lines(lines), 4);
    for record in [&b"a"[..], b"bb", b"", b"ccc"] {
        by_leaf.push(leaf_hash(record));
    }
    assert_eq!(by_line, by_leaf);
    assert_eq!(by_line.push_lines(b""), 0);
}
