//! Nodes: each number belongs to one journal.

use crate::{Error, Result, Session, session::in_time};

impl Session {
    /// Returns a secret that all nodes share: the one in the store, or, where there is none yet, the one given, which is the
    /// store's from then on.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn share_secret(&mut self, name: &str, ours: &str) -> Result<String> {
        let insert = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.within(self.client.execute(insert, &[&name, &ours])).await?;
        let read = "SELECT value FROM secrets WHERE name = $1";
        Ok(self.within(self.client.query_one(read, &[&name])).await?.get(0))
    }

    /// Registers a node, or finds it registered. `journal` is the identity of its journal, `ends` its last record.
    ///
    /// # Errors
    /// [`Error::NodeTaken`] where the number belongs to another journal, [`Error::JournalBehind`] where this is an older
    /// copy of it: both would give out bid ids twice.
    pub async fn register(&mut self, node: u16, journal: &str, ends: u64) -> Result<()> {
        let patience = self.patience();
        let number = i64::from(node);
        in_time(patience, async {
            let insert = "INSERT INTO nodes (node, journal) VALUES ($1, $2) ON CONFLICT (node) DO NOTHING";
            self.client.execute(insert, &[&number, &journal]).await?;
            let row = self
                .client
                .query_one("SELECT journal, reached FROM nodes WHERE node = $1", &[&number])
                .await?;
            let (known, reached): (String, i64) = (row.get(0), row.get(1));
            if known != journal {
                return Err(Error::NodeTaken { node });
            }
            if (reached as u64) > ends {
                return Err(Error::JournalBehind { node, reached: reached as u64, ends });
            }
            Ok(())
        })
        .await
    }
}
