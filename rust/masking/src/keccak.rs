//! Keccak-256 as Ethereum uses it (the padding of the submission to NIST, not of FIPS 202).

const RATE: usize = 136;
const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];
const ROTATIONS: [u32; 24] = [
    1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
];
const LANES: [usize; 24] = [
    10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
];

/// The hash of a text that is shorter than one block.
pub(crate) fn keccak256(text: &[u8]) -> [u8; 32] {
    assert!(text.len() < RATE, "one block is enough for an address");
    let mut block = [0; RATE];
    block[..text.len()].copy_from_slice(text);
    block[text.len()] ^= 1;
    block[RATE - 1] ^= 0x80;
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane = bytes
            .iter()
            .rev()
            .fold(0, |lane, byte| lane << 8 | u64::from(*byte));
    }
    ROUNDS
        .iter()
        .for_each(|constant| round(&mut state, *constant));
    let mut hash = [0; 32];
    for (bytes, lane) in hash.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    hash
}

fn round(state: &mut [u64; 25], constant: u64) {
    let columns: [u64; 5] =
        std::array::from_fn(|x| (0..5).fold(0, |column, y| column ^ state[x + 5 * y]));
    for (index, lane) in state.iter_mut().enumerate() {
        let x = index % 5;
        *lane ^= columns[(x + 4) % 5] ^ columns[(x + 1) % 5].rotate_left(1);
    }
    let mut moved = state[1];
    for (place, rotation) in LANES.into_iter().zip(ROTATIONS) {
        moved = std::mem::replace(&mut state[place], moved.rotate_left(rotation));
    }
    for row in state.chunks_exact_mut(5) {
        let before: [u64; 5] = std::array::from_fn(|x| row[x]);
        for x in 0..5 {
            row[x] = before[x] ^ !before[(x + 1) % 5] & before[(x + 2) % 5];
        }
    }
    state[0] ^= constant;
}

#[cfg(test)]
mod tests {
    use super::keccak256;

    #[test]
    fn the_hash_of_nothing_is_known() {
        let hash = keccak256(b"");
        assert_eq!(hash[..4], [0xc5, 0xd2, 0x46, 0x01]);
        assert_eq!(hash[28..], [0x5d, 0x85, 0xa4, 0x70]);
    }
}
