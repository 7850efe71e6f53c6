//! What a name says about its value: `db_password`, `X-Api-Key`, `clientSecret` announce a secret; `token_type`,
//! `public_key`, `nextPageToken` do not.
//!
//! A name is read word by word, from its end. Words are parted by punctuation and by the case of letters.

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Chosen by people: short, and random to a degree.
    Password,
    /// Made by machines: long and random.
    Token,
}

/// Longest name that is read.
pub(crate) const LONGEST_NAME: usize = 64;
/// Most words of a name that are read.
const MOST_WORDS: usize = 10;

const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass",
    "passwort",
];
/// Recognised at the end of a word too: `accesstoken`.
const TOKENS: &[&str] = &[
    "token",
    "tokens",
    "secret",
    "secrets",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "authkey",
    "credential",
    "credentials",
];
/// Whole words only: they end too many others.
const SHORT_TOKENS: &[&str] = &["auth", "creds", "cred", "authorization", "bearer", "sas"];
/// What makes a key a secret one.
const KEY_KINDS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "account",
    "master",
    "encryption",
    "signing",
    "signature",
    "storage",
    "shared",
    "service",
    "admin",
    "app",
    "application",
    "client",
    "deploy",
    "consumer",
    "subscription",
    "session",
    "integration",
    "webhook",
    "cipher",
    "hmac",
    "aes",
    "jwt",
    "crypto",
    "ssh",
    "write",
    "ingest",
    "rest",
    "server",
];
/// What a name may end with without changing what it is about.
const TRAILERS: &[&str] = &[
    "value",
    "val",
    "string",
    "str",
    "data",
    "text",
    "base",
    "env",
    "prod",
    "dev",
    "test",
    "live",
    "staging",
    "default",
    "main",
    "old",
    "new",
    "plain",
    "plaintext",
    "raw",
    "header",
    "current",
];
/// Names with one of these are about something that everybody may know.
const HARMLESS: &[&str] = &[
    "public",
    "pub",
    "csrf",
    "xsrf",
    "primary",
    "foreign",
    "page",
    "cursor",
    "next",
    "prev",
    "continuation",
    "sync",
    "sort",
    "partition",
    "cache",
    "idempotency",
    "etag",
    "max",
    "min",
    "num",
    "total",
    "prompt",
    "completion",
    "input",
    "output",
    "cancellation",
    "non",
    "to",
    "from",
    "with",
    "no",
    "invalid",
    "antiforgery",
    "verification",
    "routing",
];
/// What a name that ends so tells about a secret is not the secret.
const ABOUT: &[&str] = &[
    "id",
    "ids",
    "uuid",
    "guid",
    "name",
    "names",
    "uri",
    "url",
    "urls",
    "path",
    "file",
    "type",
    "size",
    "length",
    "len",
    "count",
    "expiry",
    "expires",
    "expire",
    "expiration",
    "ttl",
    "at",
    "on",
    "date",
    "time",
    "version",
    "format",
    "algorithm",
    "alg",
    "policy",
    "field",
    "column",
    "label",
    "hint",
    "enabled",
    "required",
    "limit",
    "limits",
    "usage",
    "index",
    "endpoint",
    "host",
    "status",
    "state",
    "store",
    "vault",
    "manager",
    "provider",
    "class",
    "prefix",
    "suffix",
    "source",
    "results",
    "server",
    "domain",
    "org",
    "organization",
    "user",
    "username",
    "email",
    "mode",
    "method",
    "scheme",
    "scope",
    "scopes",
    "kind",
    "event",
    "pair",
    "ref",
    "arn",
    "location",
    "dir",
    "in",
    "is",
    "by",
    "ed",
    "for",
    "fingerprint",
    "checksum",
    "number",
    "digest",
    "meshing",
    "ids",
    "code",
    "map",
    "description",
    "title",
    "message",
    "error",
    "changed",
    "reset",
    "valid",
    "age",
    "strength",
    "callback",
];

/// What `name` promises, if anything.
pub(crate) fn promise(name: &[u8]) -> Option<Promise> {
    if !may_promise(name) {
        return None;
    }
    let mut words = Words { rest: name };
    let mut found = None;
    let mut key = false;
    let mut last = true;
    for word in words.by_ref().take(MOST_WORDS) {
        if is_any(word, HARMLESS) {
            return None;
        }
        if key && is_any(word, KEY_KINDS) {
            found = found.or(Some(Promise::Token));
        }
        key = false;
        if last && (word.iter().all(u8::is_ascii_digit) || is_any(word, TRAILERS)) {
            continue;
        }
        if last && is_any(word, ABOUT) {
            return None;
        }
        last = false;
        found = found.or_else(|| promise_of(word));
        key = is(word, "key") || is(word, "keys");
    }
    found
}

fn promise_of(word: &[u8]) -> Option<Promise> {
    if PASSWORDS.iter().any(|known| ends(word, known))
        && !ends(word, "bypass")
        && !ends(word, "compass")
    {
        return Some(Promise::Password);
    }
    let is_token = TOKENS.iter().any(|known| ends(word, known)) || is_any(word, SHORT_TOKENS);
    is_token.then_some(Promise::Token)
}

/// Whether a name could promise anything if there were other letters before it. Quick, since most names do not.
#[inline]
pub(crate) fn may_promise(name: &[u8]) -> bool {
    let holds = |at: usize, root: &[u8]| {
        name.get(at..at + root.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(root))
    };
    name.iter().enumerate().any(|(at, byte)| match byte | 0x20 {
        b'p' => holds(at, b"pass") || holds(at, b"pwd"),
        b't' => holds(at, b"token"),
        b's' => holds(at, b"secret") || holds(at, b"sas"),
        b'k' => holds(at, b"key"),
        b'c' => holds(at, b"cred"),
        b'a' => holds(at, b"auth"),
        b'b' => holds(at, b"bearer"),
        _ => false,
    })
}

fn is(word: &[u8], known: &str) -> bool {
    word.eq_ignore_ascii_case(known.as_bytes())
}

fn is_any(word: &[u8], known: &[&str]) -> bool {
    known.iter().any(|known| is(word, known))
}

fn ends(word: &[u8], known: &str) -> bool {
    // `pass` and `pwd` end other words too.
    word.len() >= known.len()
        && word[word.len() - known.len()..].eq_ignore_ascii_case(known.as_bytes())
        && (known.len() > 4
            || word.len() == known.len()
            || is_any(
                &word[..word.len() - known.len()],
                &["db", "user", "admin", "root"],
            ))
}

/// The words of a name, last first.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
        let mut start = end - 1;
        while start > 0 && joins(self.rest, start) {
            start -= 1;
        }
        let word = &self.rest[start..end];
        self.rest = &self.rest[..start];
        Some(word)
    }
}

/// Whether the byte before `at` belongs to the word that goes on at `at`: `to|ken`, not `api|Key`, `API|Key`, `key|1`.
fn joins(name: &[u8], at: usize) -> bool {
    let (before, here) = (name[at - 1], name[at]);
    if !before.is_ascii_alphanumeric() || before.is_ascii_digit() != here.is_ascii_digit() {
        return false;
    }
    let humps = before.is_ascii_lowercase() && here.is_ascii_uppercase();
    let acronym = before.is_ascii_uppercase()
        && here.is_ascii_uppercase()
        && name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    !humps && !acronym
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_promise_what_they_say() {
        for (name, expected) in [
            ("db_password", Some(Promise::Password)),
            ("userPass", Some(Promise::Password)),
            ("PGPASSWORD", Some(Promise::Password)),
            ("oauthToken", Some(Promise::Token)),
            ("accesstoken", Some(Promise::Token)),
            ("X-Api-Key", Some(Promise::Token)),
            ("AWSSecretAccessKey", Some(Promise::Token)),
            ("some_api_token_123", Some(Promise::Token)),
            ("todo_secret_do_not_commit", Some(Promise::Token)),
            ("token_type", None),
            ("nextPageToken", None),
            ("public_key", None),
            ("primaryKey", None),
            ("keyword", None),
            ("monkeys", None),
            ("author", None),
            ("compass", None),
            ("client_secret_expires_at", None),
            ("2024", None),
        ] {
            assert_eq!(promise(name.as_bytes()), expected, "{name}");
            assert!(expected.is_none() || may_promise(name.as_bytes()), "{name}");
        }
    }
}
