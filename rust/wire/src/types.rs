//! What values of PostgreSQL's built-in types can carry, by OID (pg_type.dat; the same in all supported versions).
//!
//! A type that is not listed is `Other`: it is scanned, and a value with a finding becomes NULL where the type could
//! not hold the masked text.

pub const FIRST_USER_OID: u32 = 16_384;
pub const RECORD: u32 = 2249;

/// How values of a type are read and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Free text, the same bytes in both formats.
    Text,
    Json,
    /// As json, with a version byte before it in binary.
    Jsonb,
    /// Numbers, times, identifiers, geometry: no text.
    Fixed,
    /// inet and cidr: an address, which is sensitive itself.
    Network,
    Bytes,
    /// Arrays whose elements are text, json or jsonb.
    TextArray,
    JsonbArray,
    /// Arrays whose elements cannot be looked into in text (bytea, and inet in binary).
    BytesArray,
    NetworkArray,
    Record,
    /// A type that somebody created here, or an extension's.
    User,
    Other,
}

pub fn family(oid: u32) -> Family {
    match oid {
        25 | 1043 | 1042 | 19 | 142 | 705 | 2275 => Family::Text,
        114 => Family::Json,
        3802 => Family::Jsonb,
        17 => Family::Bytes,
        869 | 650 => Family::Network,
        1041 | 651 => Family::NetworkArray,
        1001 => Family::BytesArray,
        1009 | 1015 | 1014 | 1003 | 143 | 199 | 1263 => Family::TextArray,
        3807 => Family::JsonbArray,
        RECORD => Family::Record,
        // bool, int8, int2, int2vector, int4, oid, tid, xid, cid, oidvector
        16 | 20 | 21 | 22 | 23 | 26 | 27 | 28 | 29 | 30 => Family::Fixed,
        // point, lseg, path, box, polygon, line, float4, float8, circle, money
        600..=604 | 628 | 700 | 701 | 718 | 790 => Family::Fixed,
        // date, time, timestamp, timestamptz, interval, timetz, bit, varbit, numeric, void
        1082 | 1083 | 1114 | 1184 | 1186 | 1266 | 1560 | 1562 | 1700 | 2278 => Family::Fixed,
        // uuid, txid_snapshot, pg_lsn, pg_snapshot, xid8
        2950 | 2970 | 3220 | 5038 | 5069 => Family::Fixed,
        // int4range, numrange, tsrange, tstzrange, daterange, int8range
        3904 | 3906 | 3908 | 3910 | 3912 | 3926 => Family::Fixed,
        // arrays of the same: money, bool, int2, int4, tid, xid, cid, int8, float4, float8, oid
        791 | 1000 | 1005 | 1007 | 1010..=1012 | 1016 | 1021 | 1022 | 1028 => Family::Fixed,
        // timestamp[], date[], time[], timestamptz[], interval[], numeric[], timetz[], bit[], varbit[], uuid[]
        1115 | 1182 | 1183 | 1185 | 1187 | 1231 | 1270 | 1561 | 1563 | 2951 => Family::Fixed,
        FIRST_USER_OID.. => Family::User,
        _ => Family::Other,
    }
}
