//! The file of secrets: signing keys with their ids and ages, and the key users are hashed under.
//!
//! It is made at first start, readable by its owner alone, and rewritten as a whole (a new file, then a rename)
//! when a signing key is replaced. A replaced key is accepted for the overlap, then forgotten. The users' key is
//! never replaced: another key would make every user a new one.

use std::{
    fmt,
    hash::Hasher as _,
    io::Write as _,
    path::{Path, PathBuf},
};

use motet_model::ids::UserKey;
use motet_units::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

use super::Signer;

/// Why secrets cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or written.
    #[error("cannot {action} secrets {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file does not hold secrets as this program writes them. What it holds is not repeated.
    #[error("secrets {path} cannot be understood: {problem}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKey {
    id: u8,
    made_at_s: i64,
    secret: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    user_key: String,
    signing_keys: Vec<StoredKey>,
}

/// The secrets of one node or fleet. They never show in its `Debug` form.
#[derive(Clone)]
pub struct Secrets {
    user: [u8; 16],
    /// Newest first, at least one.
    keys: Vec<SigningKey>,
}

#[derive(Clone, Copy)]
struct SigningKey {
    id: u8,
    made_at: Timestamp,
    secret: [u8; 32],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("signing_keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Makes new secrets from the system's randomness.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate(now: Timestamp) -> Result<Self, SecretsError> {
        let first = SigningKey { id: 1, made_at: now, secret: random()? };
        Ok(Self { user: random()?, keys: vec![first] })
    }

    /// Opens a file of secrets, making it if it is not there.
    ///
    /// # Errors
    /// When the file cannot be read, understood or made.
    pub fn open_or_create(path: &Path, now: Timestamp) -> Result<Self, SecretsError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                Self::parse(&text).map_err(|problem| SecretsError::Content { path: path.to_owned(), problem })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::generate(now)?;
                secrets.store(path)?;
                Ok(secrets)
            }
            Err(source) => Err(SecretsError::File { action: "read", path: path.to_owned(), source }),
        }
    }

    /// Opens as [`Secrets::open_or_create`], then replaces the signing key if it is due and forgets those past
    /// the overlap; the file follows.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn open_and_rotate(
        path: &Path,
        now: Timestamp,
        rotate_after: Span,
        overlap: Span,
    ) -> Result<Self, SecretsError> {
        let mut secrets = Self::open_or_create(path, now)?;
        if secrets.rotate(now, rotate_after, overlap)? {
            secrets.store(path)?;
        }
        Ok(secrets)
    }

    /// Replaces the signing key if it is older than `rotate_after` and forgets keys replaced longer than
    /// `overlap` ago. Tells whether anything changed.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn rotate(
        &mut self,
        now: Timestamp,
        rotate_after: Span,
        overlap: Span,
    ) -> Result<bool, SecretsError> {
        let before = self.keys.len();
        // A key was replaced when the next newer one was made.
        let replaced: Vec<_> = self.keys.iter().map(|key| key.made_at).collect();
        let mut place = 0;
        self.keys.retain(|_| {
            let kept = place == 0 || now - replaced[place - 1] <= overlap;
            place += 1;
            kept
        });
        let newest = self.keys[0];
        if now - newest.made_at <= rotate_after {
            return Ok(self.keys.len() != before);
        }
        let used = |id: u8| self.keys.iter().any(|key| key.id == id);
        let id = (1..=u8::MAX).map(|step| newest.id.wrapping_add(step)).find(|id| !used(*id));
        let id = id.ok_or_else(|| SecretsError::Random("all key ids are in use".to_owned()))?;
        self.keys.insert(0, SigningKey { id, made_at: now, secret: random()? });
        Ok(true)
    }

    /// Writes the file anew, readable by its owner alone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn store(&self, path: &Path) -> Result<(), SecretsError> {
        let error = |source| SecretsError::File { action: "write", path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(error)?;
        }
        let fresh = path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        write_private(&fresh, &self.text()).map_err(error)?;
        std::fs::rename(&fresh, path).map_err(error)
    }

    /// Returns what the file holds: to be kept as a secret.
    pub(crate) fn text(&self) -> String {
        let stored = Stored {
            user_key: hex(&self.user),
            signing_keys: self
                .keys
                .iter()
                .map(|k| StoredKey { id: k.id, made_at_s: k.made_at.secs(), secret: hex(&k.secret) })
                .collect(),
        };
        toml::to_string(&stored).expect("plain strings and numbers are TOML")
    }

    /// Reads what [`Secrets::text`] wrote.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let stored: Stored = toml::from_str(text).map_err(|_| "it is not the TOML this program writes")?;
        let key = |k: &StoredKey| {
            let secret = unhex(&k.secret).ok_or("a signing key must be 64 hex digits")?;
            Ok(SigningKey { id: k.id, made_at: Timestamp::from_secs(k.made_at_s), secret })
        };
        let keys = stored.signing_keys.iter().map(key).collect::<Result<Vec<_>, &'static str>>()?;
        if keys.is_empty() {
            return Err("there is no signing key");
        }
        Ok(Self { user: unhex(&stored.user_key).ok_or("the user key must be 32 hex digits")?, keys })
    }

    /// Returns what makes and checks tokens under these keys.
    pub fn signer(&self) -> Signer {
        Signer::new(self.keys.iter().map(|key| (key.id, key.secret)))
    }

    /// Returns what turns identifiers into user keys.
    pub const fn user_hasher(&self) -> UserHasher {
        UserHasher(self.user)
    }
}

/// Turns raw identifiers into user keys by SipHash-2-4 under a secret: equal identifiers give equal keys on
/// every node with the same secret, and no key leads back. The secret never shows in its `Debug` form.
#[derive(Clone, Copy)]
pub struct UserHasher([u8; 16]);

impl UserHasher {
    /// Returns the key of an identifier of some kind; the same text of another kind is another user.
    pub fn key(&self, kind: &str, identifier: &str) -> UserKey {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(kind.as_bytes());
        hasher.write_u8(0);
        hasher.write(identifier.as_bytes());
        UserKey(hasher.finish())
    }
}

impl fmt::Debug for UserHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHasher(…)")
    }
}

/// Returns random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SecretsError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| SecretsError::Random(error.to_string()))?;
    Ok(bytes)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}
