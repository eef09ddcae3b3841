//! Access tokens (JWT, RFC 7519) and refresh tokens.
//!
//! A refresh token is `session.generation.key.mac`: the MAC (HMAC-SHA-256) binds the session's
//! random salt and its generation. So no token is stored; whoever reads the database can't make
//! one, an old one is recognised however often it was replaced, and two who present the same token
//! at the same moment are given the same successor.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::keys::Keys;
use crate::protocol::{SessionId, UserId};

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub sub: UserId,
    pub sid: SessionId,
    /// Seconds since 1970.
    pub iat: u64,
    pub exp: u64,
}

/// What a refresh token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    pub session: SessionId,
    pub generation: u32,
    key: String,
    mac: Vec<u8>,
}

pub struct Tokens {
    keys: Keys,
    validation: Validation,
    access_s: u64,
}

impl Tokens {
    /// `access_s`: how long an access token is valid, in seconds.
    pub fn new(keys: Keys, access_s: u64) -> Self {
        // The library wants to be told its cryptography; a second time changes nothing.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let mut validation = Validation::new(Algorithm::HS256);
        // By the reference clock, not by this machine's.
        validation.validate_exp = false;
        Self { keys, validation, access_s }
    }

    pub fn access_s(&self) -> u64 {
        self.access_s
    }

    /// `now_s`: seconds since 1970.
    pub fn access(&self, user: UserId, session: SessionId, now_s: u64) -> String {
        let key = self.keys.signing();
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        let claims = Claims { sub: user, sid: session, iat: now_s, exp: now_s + self.access_s };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&key.secret))
            .expect("HMAC signs whatever serialises")
    }

    /// `None` where the token is not ours, or has expired. `now_s`: seconds since 1970.
    pub fn verify_access(&self, token: &str, now_s: u64) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = DecodingKey::from_secret(&self.keys.find(&kid)?.secret);
        let decoded = jsonwebtoken::decode::<Claims>(token, &key, &self.validation).ok()?;
        Some(decoded.claims).filter(|claims| now_s < claims.exp)
    }

    pub fn refresh(&self, session: SessionId, salt: &[u8; 16], generation: u32) -> String {
        let key = self.keys.signing();
        let mac = hmac::sign(&mac_key(&key.secret), &signed(session, salt, generation));
        let mac = URL_SAFE_NO_PAD.encode(mac.as_ref());
        format!("{}.{generation}.{}.{mac}", session.0.simple(), key.id)
    }

    /// What the token claims to be; [`Tokens::verify_refresh`] says whether it is.
    pub fn parse_refresh(token: &str) -> Option<RefreshClaims> {
        let mut parts = token.split('.');
        let claims = RefreshClaims {
            session: parts.next()?.parse().ok()?,
            generation: parts.next()?.parse().ok()?,
            key: parts.next()?.to_owned(),
            mac: URL_SAFE_NO_PAD.decode(parts.next()?).ok()?,
        };
        parts.next().is_none().then_some(claims)
    }

    /// Whether it was made here for the session with this salt, at any time.
    pub fn verify_refresh(&self, claims: &RefreshClaims, salt: &[u8; 16]) -> bool {
        let Some(key) = self.keys.find(&claims.key) else { return false };
        let signed = signed(claims.session, salt, claims.generation);
        hmac::verify(&mac_key(&key.secret), &signed, &claims.mac).is_ok()
    }
}

fn mac_key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

/// Begins with words of its own, so that it can't be taken for anything else the key signs.
fn signed(session: SessionId, salt: &[u8; 16], generation: u32) -> Vec<u8> {
    let generation = generation.to_be_bytes();
    [b"starling refresh", session.0.as_bytes().as_slice(), salt, &generation].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn tokens() -> Tokens {
        let folder = tempfile::tempdir().expect("a folder");
        Tokens::new(Keys::load_or_create(&folder.path().join("keys")).expect("keys"), 600)
    }

    #[test]
    fn an_access_token_is_good_until_it_expires_and_with_its_own_key_only() {
        let (tokens, others) = (tokens(), tokens());
        let (user, session) = (UserId(Uuid::new_v4()), SessionId(Uuid::new_v4()));
        let now = 1_790_000_000;
        let token = tokens.access(user, session, now);
        let claims = tokens.verify_access(&token, now + 599).expect("it is good");
        assert_eq!((claims.sub, claims.sid, claims.exp - claims.iat), (user, session, 600));
        assert_eq!(others.verify_access(&token, now), None);
        assert_eq!(tokens.verify_access(&token, now + 600), None);
        for bad in ["", "a.b.c", &token[1..], &token[..token.len() - 2]] {
            assert_eq!(tokens.verify_access(bad, now), None, "{bad}");
        }
        let (_, rest) = token.split_once('.').expect("it has parts");
        let unsigned =
            format!("{}.{rest}", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#));
        assert_eq!(tokens.verify_access(&unsigned, now), None);
    }

    #[test]
    fn a_refresh_token_is_bound_to_session_salt_generation_and_key() {
        let (tokens, others) = (tokens(), tokens());
        let (session, salt) = (SessionId(Uuid::new_v4()), [7; 16]);
        let token = tokens.refresh(session, &salt, 3);
        assert_eq!(token, tokens.refresh(session, &salt, 3));
        let claims = Tokens::parse_refresh(&token).expect("it has its form");
        assert_eq!((claims.session, claims.generation), (session, 3));
        assert!(tokens.verify_refresh(&claims, &salt));
        assert!(
            !tokens.verify_refresh(&claims, &[8; 16]) && !others.verify_refresh(&claims, &salt)
        );
        let later = RefreshClaims { generation: 4, ..claims };
        assert!(!tokens.verify_refresh(&later, &salt));
        for bad in ["", "x.1.k.AA", &format!("{token}.x")] {
            assert_eq!(Tokens::parse_refresh(bad), None, "{bad}");
        }
    }
}
