//! Layers of configuration, merged as TOML tables before any of it is read.

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, Error};

/// The start of the variables that are settings: `MOTET_SECTION__KEY`.
pub const ENV_PREFIX: &str = "MOTET_";

/// The variable the admin token is read from. It names no setting.
pub const ADMIN_TOKEN_VARIABLE: &str = "MOTET_ADMIN_TOKEN";

/// The tables laid so far.
pub(super) struct Layers(Table);

impl Layers {
    pub(super) fn new(defaults: &str) -> Self {
        Self(defaults.parse().expect("the shipped text is TOML; a test reads it"))
    }

    pub(super) fn lay_file(&mut self, text: &str) -> Result<(), Error> {
        let table = text.parse::<Table>().map_err(|error| Error::Syntax {
            layer: "the configuration file".to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        merge(&mut self.0, table);
        Ok(())
    }

    /// Lays a variable; those without the prefix or a section are none of ours.
    pub(super) fn lay_variable(&mut self, name: &str, value: &str) {
        let Some((section, key)) = name.strip_prefix(ENV_PREFIX).and_then(|path| path.split_once("__"))
        else {
            return;
        };
        let path = format!("{section}.{}", key.replace("__", ".")).to_lowercase();
        self.lay(&path, value);
    }

    /// Lays one value by dotted path, read as the kind of value that stands there.
    pub(super) fn lay(&mut self, path: &str, text: &str) {
        let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = &mut self.0;
        for part in parents.split('.').filter(|part| !part.is_empty()) {
            let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let Value::Table(inner) = entry else { unreachable!("made a table just above") };
            table = inner;
        }
        let value = typed(table.get(key), text);
        table.insert(key.to_owned(), value);
    }

    pub(super) fn read(self) -> Result<Config, Error> {
        serde_path_to_error::deserialize(Value::Table(self.0)).map_err(|error| Error::Setting {
            key: error.path().to_string(),
            message: error.inner().message().to_owned(),
        })
    }
}

/// Lays one table over another; tables merge, everything else replaces.
fn merge(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// Reads a text as the kind of value it replaces: a string as it stands, anything else as TOML.
fn typed(replaced: Option<&Value>, text: &str) -> Value {
    if matches!(replaced, Some(Value::String(_))) {
        return Value::String(text.to_owned());
    }
    let value =
        toml::de::ValueDeserializer::parse(text).ok().and_then(|value| Value::deserialize(value).ok());
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}
