"""Checkpoints: signed notes that other tools of the format read, and nothing else."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from safelight.audit import checkpoint as notes
from safelight.audit.checkpoint import Checkpoint
from safelight.audit.verifier import Unusable
from safelight.audit.verifier.formats import read_key, read_note

ORIGIN = "example.org/audit/node-1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CHECKPOINT = Checkpoint(ORIGIN, 1234, bytes(range(32)))


def test_the_key_hash_is_that_of_the_note_package() -> None:
    # the example in the documentation of golang.org/x/mod/sumdb/note
    encoded = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:])
    assert notes.verifier_key("PeterNeumann", public) == f"PeterNeumann+c74f20a3+{encoded}"
    assert read_key(f"PeterNeumann+c74f20a3+{encoded}\n").origin == "PeterNeumann"


def test_a_note_is_read_by_writer_and_verifier() -> None:
    note = notes.sign(CHECKPOINT, KEY)
    assert note.startswith(f"{ORIGIN}\n1234\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n— {ORIGIN} ")
    assert notes.read(note, ORIGIN, KEY.public_key()) == CHECKPOINT
    read = read_note(note, ORIGIN, KEY.public_key())
    assert (read.origin, read.size, read.root) == (ORIGIN, 1234, bytes(range(32)))


def test_no_bit_of_a_note_can_be_changed() -> None:
    note = notes.sign(CHECKPOINT, KEY).encode()
    for at in range(len(note)):
        for bit in range(8):
            changed = bytearray(note)
            changed[at] ^= 1 << bit
            text = changed.decode("utf-8", "replace")
            for read in (notes.read, read_note):
                with pytest.raises(ValueError, match=r"."):
                    read(text, ORIGIN, KEY.public_key())


def test_another_key_or_origin_is_refused() -> None:
    note = notes.sign(CHECKPOINT, KEY)
    other = Ed25519PrivateKey.generate().public_key()
    for read in (notes.read, read_note):
        with pytest.raises(ValueError, match="key"):
            read(note, ORIGIN, other)
        with pytest.raises(ValueError, match="log"):
            read(note, "example.org/other", KEY.public_key())


def test_a_witness_may_sign_too() -> None:
    note = notes.sign(CHECKPOINT, KEY)
    text, _, signature = note.partition("\n\n")
    witness = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    assert read_note(f"{text}\n\n{witness}{signature}", ORIGIN, KEY.public_key()).size == 1234


def test_notes_are_split_and_the_rest_is_given_back() -> None:
    one, two = notes.sign(CHECKPOINT, KEY), notes.sign(Checkpoint(ORIGIN, 1235, bytes(32)), KEY)
    for cut in range(len(two)):
        whole, rest = notes.split_notes(one + two[:cut])
        assert (whole, rest) == ([one], two[:cut])
    assert notes.split_notes(one + two) == ([one, two], "")


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "new\nline", "é", "x" * 201])
def test_an_origin_can_name_a_key(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        notes.check_origin(origin)


def test_keys_are_read_as_notes_and_as_pem() -> None:
    public = KEY.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert read_key(pem).public == read_key(notes.verifier_key(ORIGIN, public)).public == public
    for wrong in ("", "a+b", pem.replace("MC", "MX"), notes.verifier_key(ORIGIN, public).replace("node-1", "node-2")):
        with pytest.raises(Unusable):
            read_key(wrong)
