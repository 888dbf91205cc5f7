//! The runtime as the HTTP edge asks for it.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use motet_agent::Account;
use motet_engine::{Counsel, Effect, Event, Question, Record, SealedRequest, Shade};
use motet_insight::explain::explain;
use motet_model::{
    catalog::{Catalog, Change},
    ids::{CampaignIx, DecisionId},
    outcome::{Notice, NoticeVerdict},
};
use motet_store::journal::Reader;

use super::{Answer, Runtime, Unavailable, open};
use crate::{
    platform::{Ask, ChangeError, Explanation, Health, Platform, Report, Swap, SwapError},
    tokens::Claim,
};

/// How long an explanation waits for a record that is not on the disk yet, or never will be.
const UNWRITTEN: Duration = Duration::from_millis(500);

impl Platform for Arc<Runtime> {
    async fn decide(&self, sealed: Box<SealedRequest>, deadline: Instant) -> Option<Answer> {
        Runtime::decide(self, sealed, deadline).await
    }

    async fn notice(&self, notice: Notice, claim: &Claim) -> Result<NoticeVerdict, Unavailable> {
        Runtime::notice(self, notice, Some(claim.stated())).await.map(|judgement| judgement.verdict)
    }

    async fn notices(&self, notices: Vec<(Notice, Claim)>) -> Result<Vec<NoticeVerdict>, Unavailable> {
        let stated = notices.iter().map(|(notice, claim)| (*notice, claim.stated())).collect();
        let judgements = Runtime::notices(self, stated).await?;
        Ok(judgements.into_iter().map(|judgement| judgement.verdict).collect())
    }

    async fn change(&self, changes: Vec<Change>) -> Result<(), ChangeError> {
        Runtime::change(self, changes).await?.map_err(ChangeError::Refused)
    }

    fn shade(&self, shades: Vec<Shade>) -> Result<(), Unavailable> {
        Runtime::shade(self, shades)
    }

    async fn consult(&self, question: Box<Question>) -> Result<Counsel, Unavailable> {
        Runtime::consult(self, question).await
    }

    fn catalog(&self) -> Arc<Catalog> {
        Runtime::catalog(self)
    }

    async fn accounts(&self, campaigns: Vec<CampaignIx>) -> Result<Vec<Account>, Unavailable> {
        Runtime::accounts(self, campaigns).await
    }

    async fn explanation(&self, id: DecisionId) -> Result<Option<Explanation>, Unavailable> {
        let (dir, catalog) = (open::journal_dir(self.data_dir()), Runtime::catalog(self));
        // A bid may have left before its record was written: whoever asks at once waits for it.
        let mut durable = self.durable();
        let written = durable.wait_for(|durable| *durable >= id.sequence());
        let _ = tokio::time::timeout(UNWRITTEN, written).await;
        // Reading goes to the disk: it must not hold up the threads that answer bids.
        let read = tokio::task::spawn_blocking(move || read_explanation(&dir, id, &catalog));
        read.await.map_err(|_| Unavailable::Stopped)
    }

    async fn policies(&self) -> Result<Report, Unavailable> {
        let keeper = self.keeper().ok_or(Unavailable::Stopped)?;
        // It waits for the engine, and for whoever is swapping policies just now.
        let report = tokio::task::spawn_blocking(move || keeper.report());
        report.await.map_err(|_| Unavailable::Stopped)?
    }

    async fn swap_policies(&self, ask: Ask) -> Result<Swap, SwapError> {
        let keeper = self.keeper().ok_or(Unavailable::Stopped)?;
        let swap = tokio::task::spawn_blocking(move || keeper.ask(ask));
        swap.await.map_err(|_| Unavailable::Stopped)?
    }

    fn health(&self) -> Health {
        self.fault().map_or(Health::Ready, Health::NotReady)
    }
}

/// Reads a decision from the journal and explains it; `None` when it is not on record here.
fn read_explanation(journal: &Path, id: DecisionId, catalog: &Catalog) -> Option<Explanation> {
    let found = Reader::open(journal).and_then(|reader| reader.read_one(id.sequence()));
    let bytes = found.inspect_err(|error| tracing::warn!(%error, %id, "cannot read a decision")).ok()??;
    let record = Record::decode(&bytes).ok()?;
    let (Event::Requested(sealed), Effect::Decided(trace)) = (record.event, record.effect) else {
        return None;
    };
    if trace.decision.id != id {
        return None;
    }
    let explanation = explain(&trace, &sealed.request, catalog);
    Some(Explanation { json: serde_json::to_value(&explanation).ok()?, text: explanation.to_text() })
}
