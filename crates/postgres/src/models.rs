//! Models: policy sets by version, and each node's learned state as its engine wrote it.

use tokio_postgres::types::ToSql;

use crate::{Result, Session, session::in_time};

/// A set of policies, as its keeper wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySetRow {
    /// Its version.
    pub version: String,
    /// The form of its bytes.
    pub form: i16,
    /// The set.
    pub policies: Vec<u8>,
}

/// The state of a node's engine after one record: what its agents have learned, its open bids and its books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineState {
    /// The node.
    pub node: u16,
    /// The record.
    pub sequence: u64,
    /// The state, as the engine wrote it.
    pub state: Vec<u8>,
}

impl Session {
    /// Keeps a set of policies; one whose version is known already stays as it is.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn put_policies(&mut self, set: &PolicySetRow) -> Result<()> {
        let statement =
            "INSERT INTO policy_sets VALUES ($1, $2, $3, now_us()) ON CONFLICT (version) DO NOTHING";
        let values: [&(dyn ToSql + Sync); 3] = [&set.version, &set.form, &set.policies];
        self.within(self.client.execute(statement, &values)).await.map(drop)
    }

    /// Returns all sets of policies, by version.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn policies(&mut self) -> Result<Vec<PolicySetRow>> {
        let statement = "SELECT version, form, policies FROM policy_sets ORDER BY version";
        let rows = self.within(self.client.query(statement, &[])).await?;
        let read = |row: &tokio_postgres::Row| PolicySetRow {
            version: row.get(0),
            form: row.get(1),
            policies: row.get(2),
        };
        Ok(rows.iter().map(read).collect())
    }

    /// Keeps a node's state in the place of the one before.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn put_state(&mut self, state: &EngineState) -> Result<()> {
        let (node, sequence) = (i64::from(state.node), state.sequence.cast_signed());
        let statement = "INSERT INTO engine_states VALUES ($1, $2, $3, now_us()) ON CONFLICT (node) \
             DO UPDATE SET sequence = excluded.sequence, state = excluded.state, put_at = excluded.put_at";
        // A state may be many megabytes.
        let patience = self.patience() * 10;
        in_time(patience, async {
            self.client.execute(statement, &[&node, &sequence, &state.state]).await?;
            Ok(())
        })
        .await
    }

    /// Returns the states of all nodes that gave theirs.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn states(&mut self) -> Result<Vec<EngineState>> {
        let patience = self.patience() * 10;
        in_time(patience, async {
            let rows = self
                .client
                .query("SELECT node, sequence, state FROM engine_states ORDER BY node", &[])
                .await?;
            let read = |row: &tokio_postgres::Row| EngineState {
                node: row.get::<_, i64>(0) as u16,
                sequence: row.get::<_, i64>(1) as u64,
                state: row.get(2),
            };
            Ok(rows.iter().map(read).collect())
        })
        .await
    }
}
