//! WebSocket framing (RFC 6455, section 5) from the client's side: outgoing frames are masked,
//! incoming ones are not. Knows bytes only, no sockets and no JSON.

use std::fmt;

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// Lengths that say: two bytes of length follow, or eight.
const SHORT: u8 = 126;
const LONG: u8 = 127;

/// A server's frame above this is taken for a framing error rather than waited for.
const MAX_PAYLOAD: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub fin: bool,
    pub opcode: u8,
    pub payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    Reserved,
    Masked,
    TooLong,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "reserved bits are set",
            Self::Masked => "a server's frame is masked",
            Self::TooLong => "a frame is longer than any that could be meant",
        })
    }
}

/// The first frame of `bytes` and how many bytes it takes; `None` until all of it is there.
#[inline]
pub fn decode(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FramingError> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err(FramingError::Reserved);
    }
    if second & MASKED != 0 {
        return Err(FramingError::Masked);
    }
    let (header, length) = match second {
        SHORT => match rest.first_chunk() {
            Some(length) => (4, u64::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        LONG => match rest.first_chunk() {
            Some(length) => (10, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        length => (2, u64::from(length)),
    };
    if length > MAX_PAYLOAD {
        return Err(FramingError::TooLong);
    }
    let end = header + length as usize;
    let Some(payload) = bytes.get(header..end) else { return Ok(None) };
    Ok(Some((Frame { fin: first & FIN != 0, opcode: first & 0x0f, payload }, end)))
}

/// Appends one whole frame, masked with `key`.
pub fn encode(out: &mut Vec<u8>, opcode: u8, payload: &[u8], key: [u8; 4]) {
    header(out, opcode, payload.len(), MASKED);
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    mask(&mut out[start..], key);
}

/// A frame as a server writes it: not masked.
pub fn encode_as_server(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn header(out: &mut Vec<u8>, opcode: u8, length: usize, masked: u8) {
    out.reserve(length + 14);
    out.push(FIN | opcode);
    match length {
        0..=125 => out.push(masked | length as u8),
        126..=0xffff => {
            out.push(masked | SHORT);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(masked | LONG);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Masks or unmasks; both are the same.
pub fn mask(payload: &mut [u8], key: [u8; 4]) {
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_class_read_back() {
        for length in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 70_001] {
            let payload: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let mut bytes = Vec::new();
            encode_as_server(&mut bytes, TEXT, &payload);
            bytes.extend_from_slice(b"next");
            let (frame, used) = decode(&bytes).unwrap().unwrap();
            assert_eq!(frame, Frame { fin: true, opcode: TEXT, payload: &payload });
            assert_eq!(used, bytes.len() - 4, "payload of {length}");
        }
    }

    #[test]
    fn what_the_client_writes_is_masked_with_its_key_and_carries_its_length() {
        for length in [0_usize, 3, 8, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut bytes = Vec::new();
            encode(&mut bytes, TEXT, &payload, [1, 2, 3, 4]);
            let header = bytes.len() - length;
            assert_eq!(bytes[0], 0x81);
            assert_eq!(bytes[1] & 0x80, 0x80);
            assert_eq!(&bytes[header - 4..header], &[1, 2, 3, 4]);
            let mut plain = bytes.split_off(header);
            mask(&mut plain, [1, 2, 3, 4]);
            assert_eq!(plain, payload);
        }
    }

    #[test]
    fn nothing_is_decoded_before_the_whole_frame_is_there_wherever_it_is_cut() {
        for length in [0, 5, 125, 126, 300, 65_536] {
            let mut bytes = Vec::new();
            encode_as_server(&mut bytes, TEXT, &vec![7; length]);
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), Ok(None), "payload of {length} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_no_server_may_write_is_an_error() {
        assert_eq!(decode(&[0xc1, 0]), Err(FramingError::Reserved));
        assert_eq!(decode(&[0x81, 0x80, 0, 0, 0, 0]), Err(FramingError::Masked));
        let mut long = vec![0x81, 127];
        long.extend_from_slice(&u64::MAX.to_be_bytes());
        assert_eq!(decode(&long), Err(FramingError::TooLong));
    }
}
